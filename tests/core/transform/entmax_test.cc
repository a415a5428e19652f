#include "core/transform/entmax.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/transform/transform_cases.h"

namespace engram {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<double> Weights(double alpha, const std::vector<double>& scores) {
  return WeightsOf(*Entmax::Make(alpha), scores);
}

TEST(EntmaxTest, MakeRejectsWhatIsNoAlpha) {
  for (const double alpha :
       {1.0, 0.999, 0.0, -2.0, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const absl::Status status = Entmax::Make(alpha).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << alpha;
    EXPECT_THAT(std::string(status.message()), HasSubstr("alpha: got "));
    EXPECT_EQ(FindErrorDetails(status)->field, "alpha");
  }
  EXPECT_EQ(Entmax::Make(1.5)->alpha(), 1.5);
  EXPECT_TRUE(Entmax::Make(1.5)->ValidateFor(1).ok());
}

TEST(EntmaxTest, MarginAndWindowAreOneOverAlphaLess1) {
  for (const double alpha : kAlphas) {
    EXPECT_EQ(Entmax::Make(alpha)->margin(), 1 / (alpha - 1));
    EXPECT_EQ(Entmax::Make(alpha)->WindowFor(1000).rank, 1);
    EXPECT_EQ(Entmax::Make(alpha)->WindowFor(1000).width, 1 / (alpha - 1));
  }
}

// Bisection on unshifted scores loses 1e-9 of the weight at 1e6 and returns NaN at 1e17.
TEST(EntmaxTest, LargeOffsetsLoseNothing) {
  for (const double alpha : kAlphas) {
    SCOPED_TRACE(alpha);
    const std::vector<double> weights = Weights(alpha, {1.5, 1.25, 1, 0.25, -2});
    for (const double offset : {1e6, -1e12, std::ldexp(1.0, 50)}) {
      EXPECT_EQ(Weights(alpha, {offset + 1.5, offset + 1.25, offset + 1, offset + 0.25, offset - 2}),
                weights);
    }
    EXPECT_THAT(Weights(alpha, {1e17, 1e17, 0, -1e17}),
                ElementsAre(DoubleNear(0.5, DBL_EPSILON), DoubleNear(0.5, DBL_EPSILON), 0, 0));
    EXPECT_THAT(Weights(alpha, {1e300, 0, -1e300}), ElementsAre(1, 0, 0));
  }
}

// Without a shift, -1 and 1 vanish beside scores of 1e16 and more, and 0 / 0 is left.
TEST(EntmaxTest, ScoresOf1e16AndMoreAreNotANumberNowhere) {
  for (const double alpha : kAlphas) {
    for (const double size : {1e16, -1e16, 1e17, -1e17, 1e100, 1e300, -1e300}) {
      SCOPED_TRACE(::testing::Message() << "alpha " << alpha << ", scores of " << size);
      EXPECT_THAT(Weights(alpha, {size, size, size, size}), Each(DoubleNear(0.25, DBL_EPSILON)));
      // The next score is 2 or more away.
      EXPECT_THAT(Weights(alpha, {size, size, size - std::abs(size)}),
                  ElementsAre(DoubleNear(0.5, DBL_EPSILON), DoubleNear(0.5, DBL_EPSILON), 0));
    }
  }
}

// From alpha = 1e16 on alpha - 1 is alpha, and 1 / (alpha - 1) is less than the unit in the last place of 1.
TEST(EntmaxTest, SteepEntmaxIsNotANumberNowhere) {
  for (const double alpha : {1e15, 1e16, 1e17, 1e100, 1e300}) {
    SCOPED_TRACE(alpha);
    EXPECT_THAT(Weights(alpha, {3}), ElementsAre(1));
    EXPECT_THAT(Weights(alpha, {3, 3}), ElementsAre(0.5, 0.5));
    EXPECT_THAT(Weights(alpha, {3, 3, 3, 3, 2}), ElementsAre(0.25, 0.25, 0.25, 0.25, 0));
    EXPECT_THAT(Weights(alpha, {3, 2, 2}), ElementsAre(1, 0, 0));
    EXPECT_THAT(Weights(alpha, {1e300, 1e300, -1e300}), ElementsAre(0.5, 0.5, 0));
    const Entmax entmax = *Entmax::Make(alpha);
    EXPECT_TRUE(std::isfinite(entmax.Negentropy({0.5, 0.5, 0})));
    EXPECT_TRUE(std::isfinite(entmax.UniformNegentropy(1000)));
    EXPECT_NEAR(entmax.Conjugate({3, 3, 2}, {0.5, 0.5, 0}), 3, 1e-15);
  }
}

// p_2 = y solves (1 - (1 - s) + y^a)^(1/a) + y = 1 for a lead of (1 - s) / a: steep maps, on which Halley's
// method can cycle for ever and an ulp of the threshold is far more than an ulp of the weight.
TEST(EntmaxTest, SteepPowerMapsConverge) {
  for (const double alpha : {2.001, 2.5, 3.0, 4.0, 5.5, 10.0, 100.0, 1e3, 1e9}) {
    const double a = alpha - 1;
    for (const double shortfall : {1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9}) {
      SCOPED_TRACE(::testing::Message() << "alpha " << alpha << ", shortfall " << shortfall);
      const double lead = (1 - shortfall) / a;
      const std::vector<double> weights = Weights(alpha, {0, -lead});
      EXPECT_NEAR(weights[0] + weights[1], 1, DBL_EPSILON);
      EXPECT_NEAR(std::pow(weights[0], a) - std::pow(weights[1], a), a * lead,
                  (4 + 2 * a * std::pow(weights[0], a)) * DBL_EPSILON);
    }
  }
}

TEST(EntmaxTest, SteepPowerMapsOfManyScoresConverge) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> gaussian;
  for (const double alpha : {2.001, 3.0, 4.0, 10.0, 1e3}) {
    const double a = alpha - 1;
    for (const double scale : {1e-12, 1e-4, 0.1, 1.0}) {
      SCOPED_TRACE(::testing::Message() << "seed 5, alpha " << alpha << ", scale " << scale);
      std::vector<double> scores(200);
      for (double& score : scores) score = scale * gaussian(random);
      std::sort(scores.begin(), scores.end(), std::greater<double>());
      const std::vector<double> weights = Weights(alpha, scores);
      for (size_t i = 1; i < weights.size() && weights[i] > 0; ++i) {
        EXPECT_NEAR(std::pow(weights[0], a) - std::pow(weights[i], a), a * (scores[0] - scores[i]),
                    (200 + 2 * a) * std::pow(weights[0], a) * DBL_EPSILON);
      }
    }
  }
}

// The rounding of a power must not lift a row above one with a higher score.
TEST(EntmaxTest, ScoresOneUnitApartKeepTheirOrder) {
  for (double alpha = 1.05; alpha < 12; alpha += 0.05) {
    for (const double base : {-1e-12, -0.01, -0.05, -0.1}) {
      std::vector<double> scores = {0};
      for (double score = base; scores.size() < 100; score = std::nextafter(score, -1))
        scores.push_back(score);
      const std::vector<double> weights = Weights(alpha, scores);
      for (size_t i = 1; i < weights.size(); ++i) {
        ASSERT_LE(weights[i], weights[i - 1]) << "alpha " << alpha << " base " << base << " row " << i;
      }
    }
  }
}

// Counting the scores at or above the threshold, as in "tau <= s", counts these ties.
TEST(EntmaxTest, ATieWithTheThresholdGetsExactlyZero) {
  EXPECT_THAT(Weights(2, {0, -0.5, -0.75, -0.75}), ElementsAre(0.75, 0.25, 0, 0));
  EXPECT_THAT(Weights(1.5, {0, 0, 0, 0, -1, -1}), ElementsAre(0.25, 0.25, 0.25, 0.25, 0, 0));
  EXPECT_THAT(Weights(1.5, {0, -2, -2, -2}), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(Weights(3, {0, -0.5, -0.5}), ElementsAre(1, 0, 0));
  EXPECT_THAT(Weights(3, {0, 0, -0.125, -0.125}), ElementsAre(0.5, 0.5, 0, 0));
}

// 1.5-entmax of the reference counts 4 at (0, -2, -2, -2).
TEST(EntmaxTest, SupportAtATieCountsWeightsAndNothingElse) {
  for (const double alpha : {1.25, 1.5, 2.0, 3.0}) {
    // 1 / (alpha - 1) is exact, so that the ties are at the margin and the threshold.
    const double margin = 1 / (alpha - 1);
    const std::vector<double> weights = Weights(alpha, {0, -margin, -margin, -margin});
    EXPECT_EQ(std::count_if(weights.begin(), weights.end(), [](double p) { return p > 0; }), 1) << alpha;
    // A unit above the margin is support, a unit below is not.
    EXPECT_GT(Weights(alpha, {0, std::nextafter(-margin, 0)})[1], 0) << alpha;
    EXPECT_EQ(Weights(alpha, {0, std::nextafter(-margin, -9)})[1], 0) << alpha;
  }
}

TEST(EntmaxTest, DuplicatesOfOnePatternShareAlike) {
  for (const double alpha : kAlphas) {
    EXPECT_THAT(Weights(alpha, std::vector<double>(8, -0.3)), Each(DoubleNear(0.125, 2 * DBL_EPSILON)));
  }
}

// s = theta / 2 = 0, -0.4 by hand: (0.4 + r)^2 + r^2 = 1.
TEST(EntmaxTest, TwoScoresOf15EntmaxSolveAQuadratic) {
  const double root = (-0.8 + std::sqrt(0.64 + 8 * 0.84)) / 4;
  EXPECT_THAT(Weights(1.5, {0, -0.8}), ElementsAre(DoubleNear((0.4 + root) * (0.4 + root), 2 * DBL_EPSILON),
                                                   DoubleNear(root * root, 2 * DBL_EPSILON)));
}

// One score ahead of a crowd of equals: the lead over the crowd, not the crowd's distance to the
// first, is what the threshold may be computed from, or a digit is lost for each tenfold of the crowd.
TEST(EntmaxTest, ACrowdOfAMillionKeepsTwelveDigits) {
  constexpr int64_t kCrowd = 1'000'000;
  std::vector<double> scores(kCrowd + 1, 0.0);
  scores[0] = 0.7;
  for (const double alpha : {1.25, 1.5, 1.75, 2.0}) {
    SCOPED_TRACE(alpha);
    const double a = alpha - 1;
    const std::vector<double> weights = Weights(alpha, scores);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0L), 1, 1e-12);
    EXPECT_NEAR(std::pow(weights[0], a) - std::pow(weights[1], a), a * 0.7, 1e-12);
  }
  const double share = 0.3 / static_cast<double>(kCrowd + 1);
  EXPECT_NEAR(Weights(2, scores)[0], 0.7 + share, 1e-12);
}

// <p, theta> - Omega at large theta loses the part of order 1.
TEST(EntmaxTest, ConjugateKeepsItsDigitsAtLargeScores) {
  for (const double alpha : kAlphas) {
    SCOPED_TRACE(alpha);
    const Entmax entmax = *Entmax::Make(alpha);
    const std::vector<double> scores = {0, -0.25, -0.5};
    const std::vector<double> weights = Weights(alpha, scores);
    const double offset = std::ldexp(1.0, 40);
    EXPECT_NEAR(entmax.Conjugate({offset, offset - 0.25, offset - 0.5}, weights) - offset,
                entmax.Conjugate(scores, weights), std::ldexp(1.0, -13));
  }
}

// (sum p^alpha - 1) / (alpha (alpha - 1)) is 0 / 0 here.
TEST(EntmaxTest, NegentropyNearAlpha1IsThatOfShannon) {
  const Entmax entmax = *Entmax::Make(1 + 1e-12);
  const double shannon = 0.5 * std::log(0.5) + 0.3 * std::log(0.3) + 0.2 * std::log(0.2);
  EXPECT_NEAR(entmax.Negentropy({0.5, 0.3, 0.2}), shannon, 1e-11);
  EXPECT_NEAR(entmax.UniformNegentropy(1000), -std::log(1000), 1e-10);
}

}  // namespace
}  // namespace engram
