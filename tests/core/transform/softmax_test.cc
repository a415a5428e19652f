#include "core/transform/softmax.h"

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/transform/transform_cases.h"

namespace engram {
namespace {

TEST(SoftmaxTest, WeightsAreProportionalToTheExponentials) {
  const std::vector<double> weights = WeightsOf(Softmax(), {std::log(5.0), std::log(3.0), std::log(2.0)});
  EXPECT_NEAR(weights[0], 0.5, 2 * DBL_EPSILON);
  EXPECT_NEAR(weights[1], 0.3, 2 * DBL_EPSILON);
  EXPECT_NEAR(weights[2], 0.2, 2 * DBL_EPSILON);
}

TEST(SoftmaxTest, LargeOffsetsLoseNothing) {
  const std::vector<double> weights = WeightsOf(Softmax(), {1.5, 1, 0.25, -2});
  for (const double offset : {1e6, -1e12, std::ldexp(1.0, 50)}) {
    EXPECT_EQ(WeightsOf(Softmax(), {offset + 1.5, offset + 1, offset + 0.25, offset - 2}), weights);
  }
}

TEST(SoftmaxTest, LargeScoresDoNotOverflow) {
  EXPECT_EQ(WeightsOf(Softmax(), {1e300, 0, -1e300}), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(WeightsOf(Softmax(), {1e17, 1e17, -1e17}), (std::vector<double>{0.5, 0.5, 0}));
}

TEST(SoftmaxTest, ConjugateIsTheLogSumOfExponentials) {
  const std::vector<double> scores = {2, 1, -1};
  const std::vector<double> weights = WeightsOf(Softmax(), scores);
  EXPECT_NEAR(Softmax().Conjugate(scores, weights), std::log(std::exp(2) + std::exp(1) + std::exp(-1)),
              8 * DBL_EPSILON);
}

TEST(SoftmaxTest, ZeroWeightHasNoEntropy) { EXPECT_EQ(Softmax().Negentropy({1, 0, 0}), 0); }

TEST(SoftmaxTest, NoLeadTakesAllTheWeight) {
  EXPECT_EQ(Softmax().margin(), std::numeric_limits<double>::infinity());
  EXPECT_GT(WeightsOf(Softmax(), {0, -700})[1], 0);
}

// N e^-width = 2^-53.
TEST(SoftmaxTest, WindowGrowsWithTheBank) {
  for (const int64_t size : {1, 100, 100'000'000}) {
    const Window window = Softmax().WindowFor(size);
    EXPECT_EQ(window.rank, 1);
    EXPECT_NEAR(static_cast<double>(size) * std::exp(-window.width) / std::ldexp(1.0, -53), 1, 1e-13);
  }
}

TEST(SoftmaxTest, AnyBankWillDo) {
  EXPECT_TRUE(Softmax().ValidateFor(1).ok());
  EXPECT_TRUE(Softmax().ValidateFor(1'000'000'000).ok());
}

}  // namespace
}  // namespace engram
