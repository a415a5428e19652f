#include "core/base/column_sums.h"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 20240611;

// Whether the sums of the columns of `rows` are exact.
bool AreEqual(const std::vector<float>& rows, int64_t dim) {
  const int64_t count = static_cast<int64_t>(rows.size()) / dim;
  std::vector<ExactSum> fast(dim);
  AddToColumnSums({rows.data(), count, dim}, absl::MakeSpan(fast));
  for (int64_t j = 0; j < dim; ++j) {
    ExactSum slow;
    for (int64_t i = 0; i < count; ++i) slow.Add(rows[i * dim + j]);
    if (fast[j].ToDouble() != slow.ToDouble()) return false;
    // What a double cannot tell shows once the rows have been taken back, but for one.
    for (int64_t i = 1; i < count; ++i) fast[j].Subtract(rows[i * dim + j]);
    if (fast[j].ToDouble() != rows[j]) return false;
  }
  return true;
}

std::vector<float> Gaussian(size_t count, std::mt19937_64* random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(*random);
  return values;
}

TEST(ColumnSumsTest, AreThoseOfTheComponentsOneByOne) {
  std::mt19937_64 random(kSeed);
  for (const int64_t dim : {1, 3, 64, 257}) {
    for (const int64_t count : {1, 4, 5, 100, 1000}) {
      EXPECT_TRUE(AreEqual(Gaussian(dim * count, &random), dim)) << count << " x " << dim;
    }
  }
}

TEST(ColumnSumsTest, AreExactForFloatsOfEveryExponent) {
  std::mt19937_64 random(kSeed);
  std::vector<float> values;
  while (values.size() < 4000) {
    const auto bits = static_cast<uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
  }
  EXPECT_TRUE(AreEqual(values, 8));
}

TEST(ColumnSumsTest, AreExactBeyondTheLargestFloatAndAtTheSmallest) {
  EXPECT_TRUE(AreEqual(std::vector<float>(1000, FLT_MAX), 2));
  EXPECT_TRUE(AreEqual(std::vector<float>(1000, -FLT_MAX), 2));
  EXPECT_TRUE(AreEqual(std::vector<float>(1000, FLT_TRUE_MIN), 2));
  std::vector<float> mixed;
  for (int i = 0; i < 100; ++i) {
    mixed.insert(mixed.end(), {FLT_MAX, FLT_TRUE_MIN, 1.0f, -1e-20f, 0.0f, -0.0f, 3e38f, -FLT_TRUE_MIN});
  }
  EXPECT_TRUE(AreEqual(mixed, 1));
  EXPECT_TRUE(AreEqual(mixed, 4));
}

TEST(ColumnSumsTest, AddToWhatIsThere) {
  std::vector<ExactSum> sums(1);
  const std::vector<float> big(10, 1e30f);
  const std::vector<float> small(10, 1e-30f);
  AddToColumnSums({big.data(), 10, 1}, absl::MakeSpan(sums));
  AddToColumnSums({small.data(), 10, 1}, absl::MakeSpan(sums));
  for (int i = 0; i < 10; ++i) sums[0].Subtract(1e30f);
  for (int i = 0; i < 9; ++i) sums[0].Subtract(1e-30f);
  EXPECT_EQ(sums[0].ToDouble(), 1e-30f);
}

}  // namespace
}  // namespace engram
