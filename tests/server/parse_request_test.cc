#include "server/parse_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/error.h"

namespace engram {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr int64_t kDim = 2;

BankSettings Settings(int64_t value_dim = 0) {
  BankSettings settings;
  settings.name = "faces";
  settings.dim = kDim;
  settings.value_dim = value_dim;
  return settings;
}

v1::Matrix Ones(int64_t rows, int64_t cols) {
  v1::Matrix matrix;
  matrix.set_rows(rows);
  matrix.set_cols(cols);
  for (int64_t i = 0; i < rows * cols; ++i) matrix.add_values(1);
  return matrix;
}

// The error is INVALID_ARGUMENT about `field`.
void ExpectInvalid(const absl::Status& status, const std::string& field) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), StartsWith(field + ": got "));
  EXPECT_THAT(std::string(status.message()), HasSubstr(", allowed "));
  const auto details = FindErrorDetails(status);
  ASSERT_TRUE(details.has_value()) << status;
  EXPECT_EQ(details->field, field);
}

// Names.

TEST(ParseNameTest, LettersDigitsDotUnderscoreAndDashAreAllowed) {
  for (const std::string& name :
       {std::string("a"), std::string("Faces-2.v_1"), std::string("."), std::string(".."), std::string("-"),
        std::string("con"), std::string(128, 'x')}) {
    EXPECT_EQ(*ParseName(name, "name"), name);
  }
}

TEST(ParseNameTest, EveryOtherByteIsRefused) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool allowed = byte < 128 && (std::isalnum(byte) || c == '.' || c == '_' || c == '-');
    EXPECT_EQ(ParseName(std::string("ab") + c + "d", "name").ok(), allowed) << byte;
  }
}

TEST(ParseNameTest, EmptyAndLongNamesAreRefused) {
  ExpectInvalid(ParseName("", "bank").status(), "bank");
  ExpectInvalid(ParseName(std::string(129, 'x'), "bank").status(), "bank");
}

TEST(ParseNameTest, TheErrorIsOneShortLineOfAscii) {
  for (const std::string& name : {std::string("a\nb\0c\x1b[31m", 10), std::string("\xff\xfe"),
                                  std::string("\xF0\x9F\x98\x80"), std::string(1 << 20, '\n')}) {
    const absl::Status status = ParseName(name, "name").status();
    ExpectInvalid(status, "name");
    EXPECT_LT(status.message().size(), 300u);
    EXPECT_THAT(std::string(status.message()), EndsWith("allowed [A-Za-z0-9._-]{1,128}"));
    for (const char c : status.message()) EXPECT_TRUE(c >= ' ' && c <= '~') << int{c};
  }
}

// Banks.

TEST(ParseCreateBankTest, UnsetFieldsHaveTheirDefaults) {
  v1::CreateBankRequest request;
  request.set_name("faces");
  request.set_dim(128);
  const absl::Time now = absl::FromUnixSeconds(1000);
  const absl::StatusOr<BankSettings> settings = ParseCreateBank(request, Durability::kVolatile, now);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->name, "faces");
  EXPECT_EQ(settings->dim, 128);
  EXPECT_EQ(settings->value_dim, 0);
  EXPECT_EQ(settings->max_patterns, 0);
  EXPECT_EQ(settings->durability, Durability::kVolatile);
  EXPECT_EQ(settings->screening, Screening::kInt8);
  EXPECT_EQ(settings->create_time, now);
  EXPECT_EQ(std::get<Entmax>(settings->default_dynamics.transform).alpha(), 1.5);
}

TEST(ParseCreateBankTest, DimensionsHaveBounds) {
  v1::CreateBankRequest request;
  request.set_name("faces");
  for (const int64_t dim : {int64_t{0}, int64_t{-1}, int64_t{65'537}, std::numeric_limits<int64_t>::max()}) {
    request.set_dim(dim);
    ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(), "dim");
  }
  request.set_dim(65'536);
  request.set_value_dim(65'536);
  EXPECT_TRUE(ParseCreateBank(request, Durability::kVolatile, {}).ok());
  request.set_value_dim(65'537);
  ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(), "value_dim");
  request.set_value_dim(-1);
  ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(), "value_dim");
}

TEST(ParseCreateBankTest, NestedFieldsAreNamedByTheirPath) {
  v1::CreateBankRequest request;
  request.set_name("faces");
  request.set_dim(1);
  request.mutable_limits()->set_max_patterns(-1);
  ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(), "limits.max_patterns");
  request.mutable_default_dynamics()->mutable_entmax()->set_alpha(1);
  ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(),
                "default_dynamics.entmax.alpha");
}

TEST(ParseCreateBankTest, ADurabilityThatNeedsADataDirectoryIsAFailedPrecondition) {
  v1::CreateBankRequest request;
  request.set_name("faces");
  request.set_dim(1);
  request.set_durability(v1::DURABILITY_SYNCED);
  const absl::Status status = ParseCreateBank(request, Durability::kVolatile, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("DURABILITY_SYNCED"), HasSubstr("--data-dir")));
  EXPECT_TRUE(ParseCreateBank(request, Durability::kSynced, {}).ok());
  request.set_durability(static_cast<v1::Durability>(99));
  ExpectInvalid(ParseCreateBank(request, Durability::kSynced, {}).status(), "durability");
}

TEST(ParseCreateBankTest, ScreeningIsKnownAndKept) {
  v1::CreateBankRequest request;
  request.set_name("faces");
  request.set_dim(1);
  request.set_screening(v1::SCREENING_INT8);
  EXPECT_EQ(ParseCreateBank(request, Durability::kVolatile, {})->screening, Screening::kInt8);
  request.set_screening(v1::SCREENING_NONE);
  EXPECT_EQ(ParseCreateBank(request, Durability::kVolatile, {})->screening, Screening::kNone);
  request.set_screening(static_cast<v1::Screening>(99));
  ExpectInvalid(ParseCreateBank(request, Durability::kVolatile, {}).status(), "screening");
}

// Changes of banks.

v1::UpdateBankRequest Update(const std::vector<std::string>& paths) {
  v1::UpdateBankRequest request;
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  request.mutable_limits()->set_max_patterns(5);
  request.mutable_default_dynamics()->set_beta(3);
  request.mutable_default_dynamics()->mutable_softmax();
  return request;
}

TEST(ParseUpdateBankTest, OnlyWhatTheMaskNamesChanges) {
  BankSettings current = Settings();
  current.max_patterns = 9;
  current.default_dynamics.tolerance = 0.5;
  const absl::StatusOr<BankSettings> limits = ParseUpdateBank(Update({"limits"}), current);
  EXPECT_EQ(limits->max_patterns, 5);
  EXPECT_EQ(limits->default_dynamics.beta, 1);
  const absl::StatusOr<BankSettings> dynamics = ParseUpdateBank(Update({"default_dynamics"}), current);
  EXPECT_EQ(dynamics->max_patterns, 9);
  EXPECT_EQ(dynamics->default_dynamics.beta, 3);
  EXPECT_EQ(dynamics->default_dynamics.tolerance, 0.5);
  const absl::StatusOr<BankSettings> field = ParseUpdateBank(Update({"default_dynamics.softmax"}), current);
  EXPECT_EQ(field->default_dynamics.beta, 1);
  EXPECT_TRUE(std::holds_alternative<Softmax>(field->default_dynamics.transform));
  EXPECT_EQ(ParseUpdateBank(Update({"limits", "default_dynamics"}), current)->max_patterns, 5);
}

TEST(ParseUpdateBankTest, AMaskWithoutPathsOrWithOthersIsRefused) {
  ExpectInvalid(ParseUpdateBank(Update({}), Settings()).status(), "update_mask");
  for (const char* path : {"name", "", "limits.x", "default_dynamics.x", "default_dynamics."}) {
    ExpectInvalid(ParseUpdateBank(Update({"limits", path}), Settings()).status(), "update_mask.paths[1]");
  }
}

TEST(ParseUpdateBankTest, ABankHasNoBoundForEachPattern) {
  v1::UpdateBankRequest request = Update({"default_dynamics"});
  request.mutable_default_dynamics()->mutable_constrained_sparsemax()->add_upper_bounds(1);
  ExpectInvalid(ParseUpdateBank(request, Settings()).status(), "default_dynamics.constrained_sparsemax");
}

TEST(ParseListBanksTest, PagesHaveADefaultAndBounds) {
  v1::ListBanksRequest request;
  EXPECT_EQ(ParseListBanks(request)->page_size, 100);
  request.set_page_size(1000);
  request.set_page_token("faces");
  EXPECT_EQ(ParseListBanks(request)->page_size, 1000);
  EXPECT_EQ(ParseListBanks(request)->after, "faces");
  request.set_page_size(1001);
  ExpectInvalid(ParseListBanks(request).status(), "page_size");
  request.set_page_size(-1);
  ExpectInvalid(ParseListBanks(request).status(), "page_size");
  request.set_page_size(0);
  request.set_page_token("not a name");
  ExpectInvalid(ParseListBanks(request).status(), "page_token");
}

// Patterns.

TEST(ParseStoreTest, EverythingGivenIsTaken) {
  v1::StoreRequest request;
  *request.mutable_patterns() = Ones(2, kDim);
  *request.mutable_values() = Ones(2, 3);
  request.add_ids(7);
  request.add_ids((uint64_t{1} << 63) - 1);
  request.add_payloads("");
  request.add_payloads(std::string(Limits::kMaxPayloadBytes, 'x'));
  const absl::StatusOr<StoreCall> call = ParseStore(request, Settings(3));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->patterns.rows, 2);
  EXPECT_EQ(call->values.cols, 3);
  EXPECT_THAT(call->ids, ElementsAre(7, (uint64_t{1} << 63) - 1));
  EXPECT_THAT(call->payloads, SizeIs(2));
}

TEST(ParseStoreTest, ValuesGoWithBanksThatHaveThem) {
  v1::StoreRequest request;
  *request.mutable_patterns() = Ones(2, kDim);
  ExpectInvalid(ParseStore(request, Settings(3)).status(), "values");
  *request.mutable_values() = Ones(2, 3);
  EXPECT_TRUE(ParseStore(request, Settings(3)).ok());
  ExpectInvalid(ParseStore(request, Settings(0)).status(), "values");
  *request.mutable_values() = Ones(1, 3);
  ExpectInvalid(ParseStore(request, Settings(3)).status(), "values.rows");
  *request.mutable_values() = Ones(2, 4);
  ExpectInvalid(ParseStore(request, Settings(3)).status(), "values.cols");
}

TEST(ParseStoreTest, IdsAndPayloadsAreNoneOrOneForEachPattern) {
  v1::StoreRequest request;
  *request.mutable_patterns() = Ones(2, kDim);
  request.add_ids(1);
  ExpectInvalid(ParseStore(request, Settings()).status(), "ids");
  request.add_ids(1);
  ExpectInvalid(ParseStore(request, Settings()).status(), "ids[1]");
  request.set_ids(1, uint64_t{1} << 63);
  ExpectInvalid(ParseStore(request, Settings()).status(), "ids[1]");
  request.clear_ids();
  request.add_payloads("x");
  ExpectInvalid(ParseStore(request, Settings()).status(), "payloads");
  request.add_payloads(std::string(Limits::kMaxPayloadBytes + 1, 'x'));
  ExpectInvalid(ParseStore(request, Settings()).status(), "payloads[1]");
}

TEST(ParseIdsTest, AtLeastOneIsNeededAndRepetitionsAreRefusedWhereTheyMatter) {
  google::protobuf::RepeatedField<uint64_t> ids;
  ExpectInvalid(ParseIds(ids, /*distinct=*/false).status(), "ids");
  ids.Add(3);
  ids.Add(3);
  EXPECT_THAT(*ParseIds(ids, /*distinct=*/false), ElementsAre(3, 3));
  ExpectInvalid(ParseIds(ids, /*distinct=*/true).status(), "ids[1]");
}

TEST(ParseChunkTest, AChunkIsParsedLikeAStore) {
  v1::BulkStoreRequest::Chunk chunk;
  *chunk.mutable_patterns() = Ones(2, kDim);
  chunk.add_ids(7);
  ExpectInvalid(ParseChunk(chunk, Settings()).status(), "ids");
  chunk.add_ids(8);
  chunk.add_payloads("a");
  chunk.add_payloads("b");
  const absl::StatusOr<StoreCall> call = ParseChunk(std::move(chunk), Settings());
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->patterns.rows, 2);
  EXPECT_THAT(call->patterns.values, Each(1));  // Which the call keeps itself.
  EXPECT_THAT(call->ids, ElementsAre(7, 8));
  EXPECT_THAT(call->payloads, ElementsAre("a", "b"));
}

TEST(ParseScanPatternsTest, UnsetFieldsHaveTheirDefaultsAndBounds) {
  v1::ScanPatternsRequest request;
  EXPECT_EQ(ParseScanPatterns(request)->next_id, 0u);
  EXPECT_EQ(ParseScanPatterns(request)->chunk_patterns, 0);
  request.set_cursor("nowhere");
  ExpectInvalid(ParseScanPatterns(request).status(), "cursor");
  request.clear_cursor();
  for (const int64_t count : {int64_t{-1}, int64_t{65'537}, std::numeric_limits<int64_t>::max()}) {
    request.set_chunk_patterns(count);
    ExpectInvalid(ParseScanPatterns(request).status(), "chunk_patterns");
  }
}

TEST(ParseEncodingTest, UnspecifiedIsTheRequestsOwn) {
  EXPECT_EQ(*ParseEncoding(v1::MATRIX_ENCODING_UNSPECIFIED, v1::MATRIX_ENCODING_FLOATS),
            v1::MATRIX_ENCODING_FLOATS);
  EXPECT_EQ(*ParseEncoding(v1::MATRIX_ENCODING_BYTES, v1::MATRIX_ENCODING_FLOATS), v1::MATRIX_ENCODING_BYTES);
  ExpectInvalid(ParseEncoding(static_cast<v1::MatrixEncoding>(9), v1::MATRIX_ENCODING_BYTES).status(),
                "encoding");
}

// Retrieve and Energy.

v1::RetrieveRequest Queries(int64_t rows) {
  v1::RetrieveRequest request;
  *request.mutable_queries() = Ones(rows, kDim);
  return request;
}

TEST(ParseRetrieveTest, UnsetFieldsHaveTheirDefaults) {
  const absl::StatusOr<ParsedRetrieve> parsed =
      ParseRetrieve(Queries(3), Settings(), Limits{int64_t{64} << 20, 1024});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->call.states, SizeIs(3 * kDim));
  EXPECT_EQ(parsed->call.max_support, 100);
  EXPECT_TRUE(parsed->call.with_energy);
  EXPECT_EQ(parsed->encoding, v1::MATRIX_ENCODING_FLOATS);
}

TEST(ParseRetrieveTest, ABatchAboveTheLimitIsRefused) {
  Limits limits = {int64_t{64} << 20, 1024};
  limits.max_batch = 4;
  EXPECT_TRUE(ParseRetrieve(Queries(4), Settings(), limits).ok());
  ExpectInvalid(ParseRetrieve(Queries(5), Settings(), limits).status(), "queries.rows");
  v1::EnergyRequest energy;
  *energy.mutable_states() = Ones(5, kDim);
  ExpectInvalid(ParseEnergy(energy, Settings(), limits).status(), "states.rows");
}

TEST(ParseRetrieveTest, ASupportThatNoResponseHoldsIsRefused) {
  v1::RetrieveRequest request = Queries(1);
  Limits limits = {int64_t{64} << 20, 1024};
  for (const int64_t max_support : {int64_t{-1}, int64_t{1'000'001}, std::numeric_limits<int64_t>::max()}) {
    request.set_max_support(max_support);
    ExpectInvalid(ParseRetrieve(request, Settings(), limits).status(), "max_support");
  }
  request.set_max_support(0);
  EXPECT_TRUE(ParseRetrieve(request, Settings(), limits).ok());
  request.set_max_support(1'000'000);
  EXPECT_TRUE(ParseRetrieve(request, Settings(), limits).ok());
  limits.max_message_bytes = 64 << 10;
  ExpectInvalid(ParseRetrieve(request, Settings(), limits).status(), "max_support");
}

TEST(ParseRetrieveTest, ValuesOfABankWithoutThemAreRefused) {
  v1::RetrieveRequest request = Queries(1);
  request.mutable_support_parts()->set_values(true);
  ExpectInvalid(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024}).status(),
                "support_parts.values");
  EXPECT_TRUE(ParseRetrieve(request, Settings(3), Limits{int64_t{64} << 20, 1024}).ok());
}

TEST(ParseRetrieveTest, ArithmeticIsExactUnlessAskedToBeFast) {
  v1::RetrieveRequest request = Queries(1);
  request.set_arithmetic(v1::ARITHMETIC_EXACT);
  EXPECT_FALSE(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024})->call.fast);
  request.clear_arithmetic();
  EXPECT_FALSE(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024})->call.fast);
  request.set_arithmetic(v1::ARITHMETIC_FAST);
  EXPECT_TRUE(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024})->call.fast);
  request.set_arithmetic(static_cast<v1::Arithmetic>(7));
  ExpectInvalid(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024}).status(), "arithmetic");
}

TEST(ParseRetrieveTest, DynamicsAreNamedByTheirPath) {
  v1::RetrieveRequest request = Queries(1);
  request.mutable_dynamics()->mutable_k_subsets();
  ExpectInvalid(ParseRetrieve(request, Settings(), Limits{int64_t{64} << 20, 1024}).status(),
                "dynamics.k_subsets.k");
  v1::EnergyRequest energy;
  *energy.mutable_states() = Ones(1, kDim);
  energy.mutable_dynamics()->set_beta(-1);
  ExpectInvalid(ParseEnergy(energy, Settings(), Limits{int64_t{64} << 20, 1024}).status(), "dynamics.beta");
}

}  // namespace
}  // namespace engram
