#include "core/storage/bank_record.h"

#include <limits>
#include <random>

#include "core/storage/byte_record.h"
#include "core/storage/dynamics_record.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

// One of each alternative, and values at the ends of their ranges.
std::vector<Transform> AllTransforms() {
  const double infinity = std::numeric_limits<double>::infinity();
  return {Softmax(),
          Entmax::Make(1.5).value(),
          Normmax::Make(1e300).value(),
          KSubsets::Make(1'000'000).value(),
          SequentialKSubsets::Make(3, infinity).value(),
          SequentialKSubsets::Make(3, -0.25).value(),
          ConstrainedSparsemax::Make({0.5, infinity, 0}).value(),
          Identity(),
          Polynomial::Make(1000, true).value(),
          Polynomial::Make(3, false).value(),
          Exponential()};
}
std::vector<PostTransform> AllPostTransforms() {
  return {IdentityPost(), L2Normalize(), LayerNorm::Make(1e-12).value(), Tanh(), Sign()};
}

BankSettings SomeSettings() {
  BankSettings settings;
  settings.name = "faces_2.v-1";
  settings.dim = 65'536;
  settings.value_dim = 7;
  settings.max_patterns = int64_t{1} << 40;
  settings.durability = Durability::kRelaxed;
  settings.screening = Screening::kNone;
  settings.create_time = absl::FromUnixNanos(1'234'567'890'123'456'789);
  return settings;
}

TEST(BankRecordTest, SettingsComeBackWithEveryDynamics) {
  size_t transforms = 0;
  for (const Transform& transform : AllTransforms()) {
    for (const PostTransform& post : AllPostTransforms()) {
      BankSettings settings = SomeSettings();
      settings.default_dynamics = {1e-30, transform, post, 10'000, 0};
      const std::string record = EncodeSettings(settings);
      const absl::StatusOr<BankSettings> decoded = DecodeSettings(record);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      // What the bytes say of the parameters they say again.
      EXPECT_EQ(EncodeSettings(*decoded), record);
      EXPECT_EQ(decoded->name, settings.name);
      EXPECT_EQ(decoded->dim, settings.dim);
      EXPECT_EQ(decoded->value_dim, settings.value_dim);
      EXPECT_EQ(decoded->max_patterns, settings.max_patterns);
      EXPECT_EQ(decoded->durability, settings.durability);
      EXPECT_EQ(decoded->screening, settings.screening);
      EXPECT_EQ(decoded->create_time, settings.create_time);
      EXPECT_EQ(decoded->default_dynamics.beta, 1e-30);
      EXPECT_EQ(decoded->default_dynamics.max_iterations, 10'000);
      EXPECT_EQ(decoded->default_dynamics.tolerance, 0);
      EXPECT_EQ(decoded->default_dynamics.transform.index(), transform.index());
      EXPECT_EQ(decoded->default_dynamics.post_transform.index(), post.index());
    }
    transforms |= size_t{1} << transform.index();
  }
  EXPECT_EQ(transforms + 1, size_t{1} << std::variant_size_v<Transform>) << "a kind is not tried";
}

TEST(BankRecordTest, ParametersComeBack) {
  for (const Transform& transform : AllTransforms()) {
    std::string record;
    ByteWriter writer(&record);
    WriteDynamics({2, transform, LayerNorm::Make(0.125).value(), 7, 0.5}, &writer);
    ByteReader reader(record);
    const Dynamics decoded = ReadDynamics(&reader).value();
    EXPECT_EQ(std::get<LayerNorm>(decoded.post_transform).eps(), 0.125);
    if (const auto* entmax = std::get_if<Entmax>(&decoded.transform)) {
      EXPECT_EQ(entmax->alpha(), 1.5);
    }
    if (const auto* normmax = std::get_if<Normmax>(&decoded.transform)) {
      EXPECT_EQ(normmax->gamma(), 1e300);
    }
    if (const auto* subsets = std::get_if<KSubsets>(&decoded.transform)) {
      EXPECT_EQ(subsets->k(), 1'000'000);
    }
    if (const auto* sequential = std::get_if<SequentialKSubsets>(&decoded.transform)) {
      EXPECT_EQ(sequential->k(), 3);
      EXPECT_EQ(sequential->edge(), std::get<SequentialKSubsets>(transform).edge());
    }
    if (const auto* sparsemax = std::get_if<ConstrainedSparsemax>(&decoded.transform)) {
      EXPECT_EQ(sparsemax->upper_bounds(), std::get<ConstrainedSparsemax>(transform).upper_bounds());
    }
    if (const auto* polynomial = std::get_if<Polynomial>(&decoded.transform)) {
      EXPECT_EQ(polynomial->degree(), std::get<Polynomial>(transform).degree());
      EXPECT_EQ(polynomial->rectified(), std::get<Polynomial>(transform).rectified());
    }
  }
}

TEST(BankRecordTest, CountsComeBack) {
  const BankCounts counts{std::numeric_limits<int64_t>::max(), 12, uint64_t{1} << 63};
  const BankCounts decoded = DecodeCounts(EncodeCounts(counts)).value();
  EXPECT_EQ(decoded.version, counts.version);
  EXPECT_EQ(decoded.pattern_count, counts.pattern_count);
  EXPECT_EQ(decoded.next_id, counts.next_id);
  EXPECT_FALSE(DecodeCounts(EncodeCounts({-1, 0, 0})).ok());
  EXPECT_FALSE(DecodeCounts(EncodeCounts({1, 1, (uint64_t{1} << 63) + 1})).ok());
}

TEST(BankRecordTest, PatternsComeBack) {
  const std::vector<float> pattern = {1, -0.0F, 1e-45F, -1e30F};
  const std::vector<float> value = {-7};
  for (const std::string& payload : {std::string(), std::string("a\0b", 3), std::string(100'000, 'x')}) {
    std::string record;
    EncodePattern(pattern, value, payload, &record);
    EXPECT_EQ(static_cast<int64_t>(record.size()),
              PatternRecordBytes(4, 1, static_cast<int64_t>(payload.size())));
    std::vector<float> got_pattern(4);
    std::vector<float> got_value(1);
    std::string got_payload;
    ASSERT_TRUE(
        DecodePattern(record, absl::MakeSpan(got_pattern), absl::MakeSpan(got_value), &got_payload).ok());
    EXPECT_EQ(std::memcmp(got_pattern.data(), pattern.data(), sizeof(float) * 4), 0);
    EXPECT_EQ(got_value, value);
    EXPECT_EQ(got_payload, payload);
    std::vector<float> other(5);
    EXPECT_TRUE(absl::IsDataLoss(
        DecodePattern(record, absl::MakeSpan(other), absl::MakeSpan(got_value), &got_payload)));
  }
}

TEST(BankRecordTest, ComponentsThatNoRequestMayHaveAreRefused) {
  using Limits = std::numeric_limits<float>;
  for (const float x : {Limits::quiet_NaN(), -Limits::infinity(), 1.1e30F, -3e38F}) {
    std::string record;
    EncodePattern({x}, {}, "", &record);
    std::vector<float> pattern(1);
    std::string payload;
    EXPECT_TRUE(absl::IsDataLoss(DecodePattern(record, absl::MakeSpan(pattern), {}, &payload))) << x;
    EncodePattern({1}, {x}, "", &record);
    std::vector<float> value(1);
    EXPECT_TRUE(
        absl::IsDataLoss(DecodePattern(record, absl::MakeSpan(pattern), absl::MakeSpan(value), &payload)))
        << x;
  }
}

TEST(BankRecordTest, UnknownVersionsAndTagsAreNamed) {
  std::string record = EncodeSettings(SomeSettings());
  record[0] = 9;
  EXPECT_NE(DecodeSettings(record).status().message().find("version 9 is unknown"), std::string::npos);
  std::string dynamics;
  ByteWriter writer(&dynamics);
  WriteDynamics({}, &writer);
  dynamics[8 + 4 + 8] = 77;
  ByteReader reader(dynamics);
  EXPECT_NE(ReadDynamics(&reader).status().message().find("tag 77 is unknown"), std::string::npos);
}

// Any damage is refused or leaves settings that are valid and say what their bytes say.
TEST(BankRecordTest, DamagedSettingsAreRefusedOrValid) {
  std::mt19937 random(1);
  std::vector<std::string> records;
  for (const Transform& transform : AllTransforms()) {
    BankSettings settings = SomeSettings();
    settings.default_dynamics.transform = transform;
    records.push_back(EncodeSettings(settings));
  }
  for (int trial = 0; trial < 100'000; ++trial) {
    std::string record = records[random() % records.size()];
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < changes; ++i) {
      switch (random() % 4) {
        case 0:
          record.resize(random() % (record.size() + 1));
          break;
        case 1:
          record.push_back(static_cast<char>(random()));
          break;
        default:
          if (!record.empty()) record[random() % record.size()] = static_cast<char>(random());
      }
    }
    const absl::StatusOr<BankSettings> decoded = DecodeSettings(record);
    if (decoded.ok()) {
      ASSERT_EQ(EncodeSettings(*decoded), record) << "trial " << trial;
    } else {
      ASSERT_TRUE(absl::IsDataLoss(decoded.status())) << decoded.status();
    }
  }
}

}  // namespace
}  // namespace engram
