#include "core/transform/power.h"

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace engram {
namespace {

double Raised(double exponent, double x) {
  std::vector<double> numbers = {x};
  Power(exponent).Raise(absl::MakeSpan(numbers));
  return numbers[0];
}

TEST(PowerTest, EveryExponentAgreesWithTheGeneralPower) {
  for (const double exponent : {0.0, 0.25, 1.0 / 3, 0.5, 0.7, 1.0, 1.25, 4.0 / 3, 1.5, 2.0, 2.25, 3.0, 3.5,
                                4.0, 7.0, 8.5, 9.0, 1e3}) {
    for (const double x : {1e-12, 0.003, 0.3, 0.999, 1.0, 1.5}) {
      const double expected = std::pow(x, exponent);
      EXPECT_NEAR(Raised(exponent, x), expected, 10 * DBL_EPSILON * expected) << x << "^" << exponent;
    }
  }
}

TEST(PowerTest, AThirdIsAThirdHoweverItWasRounded) {
  for (const double exponent : {1 / 0.75, 1 / (1.75 - 1), 4.0 / 3}) {
    EXPECT_NEAR(Raised(exponent, 0.125), 0.0625, DBL_EPSILON / 16) << exponent;
  }
}

TEST(PowerTest, ZeroAndOneKeepTheirPlace) {
  for (const double exponent : {0.1, 0.25, 1.0 / 3, 0.5, 1.0, 1.25, 1.7, 2.0, 3.0, 40.0}) {
    EXPECT_EQ(Raised(exponent, 0), 0);
    EXPECT_EQ(Raised(exponent, 1), 1);
    EXPECT_EQ(Raised(exponent, std::numeric_limits<double>::infinity()),
              std::numeric_limits<double>::infinity());
  }
  EXPECT_EQ(Raised(0, 0.5), 1);
}

// A vector's tail is computed like its middle.
TEST(PowerTest, EqualNumbersGiveEqualBitsWhereverTheyStand) {
  for (const double exponent : {0.25, 1.0 / 3, 0.5, 1.25, 1.7, 2.0, 2.5, 3.0}) {
    std::vector<double> numbers(37, 0.3217);
    Power(exponent).Raise(absl::MakeSpan(numbers));
    EXPECT_EQ(numbers, std::vector<double>(37, numbers[0])) << exponent;
  }
}

}  // namespace
}  // namespace engram
