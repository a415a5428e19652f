#include "core/base/canonical_exp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace engram {
namespace {

constexpr uint64_t kSeed = 11;

// Numbers over the whole range, many of them near 0 and near multiples of ln(2) / 2, where r changes sign.
std::vector<double> Arguments() {
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> arguments = {0.0, -0.0, 0x1p-60, -0x1p-60, 0x1p-1074};
  for (int i = 0; i < 200'000; ++i) {
    arguments.push_back(745 * uniform(random));
    arguments.push_back(uniform(random));
    arguments.push_back(std::ldexp(uniform(random), -static_cast<int>(random() % 80)));
    const double multiple = static_cast<double>(static_cast<int64_t>(random() % 2000) - 1000);
    arguments.push_back(multiple * 0x1.62e42fefa39efp-2 * (1 + 0x1p-40 * uniform(random)));
  }
  return arguments;
}

TEST(CanonicalExpTest, IsWithinOneUnitInTheLastPlace) {
  const std::vector<double> arguments = Arguments();
  std::vector<double> got = arguments;
  CanonicalExp(absl::MakeSpan(got));
  for (size_t i = 0; i < got.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(arguments[i]));
    if (exact > std::numeric_limits<double>::max()) continue;
    const auto rounded = static_cast<double>(exact);
    const double unit = std::nextafter(rounded, std::numeric_limits<double>::infinity()) - rounded;
    ASSERT_LT(std::abs(static_cast<long double>(got[i]) - exact), static_cast<long double>(unit))
        << "exp(" << arguments[i] << ")";
  }
}

TEST(CanonicalExpTest, EveryImplementationHasTheSameBytes) {
  const std::vector<double> arguments = Arguments();
  std::vector<double> expected = arguments;
  AllCanonicalExponentials().back().apply(expected.data(), static_cast<int64_t>(expected.size()));
  for (const CanonicalExponential& exponential : AllCanonicalExponentials()) {
    if (!exponential.supported()) continue;
    // All remainders of the loop.
    for (int64_t count : {int64_t{1}, int64_t{7}, int64_t{16}, int64_t{33}, int64_t(arguments.size())}) {
      std::vector<double> got(arguments.begin(), arguments.begin() + count);
      exponential.apply(got.data(), count);
      EXPECT_EQ(std::memcmp(got.data(), expected.data(), count * sizeof(double)), 0)
          << exponential.name << " " << count;
    }
  }
}

TEST(CanonicalExpTest, TheEndsOfTheRangeAreInfinityAndZero) {
  const double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> values = {0,     -0.0,  kInfinity, -kInfinity, 709.782712893384,
                                709.8, 1e300, -745.1,    -745.2,     -1e300};
  CanonicalExp(absl::MakeSpan(values));
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 1);
  EXPECT_EQ(values[2], kInfinity);
  EXPECT_EQ(values[3], 0);
  EXPECT_LT(values[4], kInfinity);
  EXPECT_GT(values[4], 1.79e308);
  EXPECT_EQ(values[5], kInfinity);
  EXPECT_EQ(values[6], kInfinity);
  EXPECT_EQ(values[7], std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(values[8], 0);
  EXPECT_EQ(values[9], 0);
}

}  // namespace
}  // namespace engram
