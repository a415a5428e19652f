#include "core/transform/normmax.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/base/error.h"
#include "core/transform/entmax.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"

namespace engram {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// From almost argmax to almost uniform weights on the support of sparsemax.
constexpr double kGammas[] = {1 + 1e-6, 1.01, 1.25, 1.5, 1.999, 2, 2.001, 3, 5, 30, 1e3, 1e6};

template <typename Transformation>
std::vector<double> WeightsOf(const Transformation& transformation, const std::vector<double>& scores) {
  std::vector<double> weights(scores.size(), -1);
  transformation.Project(scores, absl::MakeSpan(weights));
  return weights;
}

std::vector<double> Weights(double gamma, const std::vector<double>& scores) {
  return WeightsOf(*Normmax::Make(gamma), scores);
}

TEST(NormmaxTest, MakeRejectsWhatIsNoGamma) {
  for (const double gamma :
       {1.0, 0.999, 0.0, -2.0, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const absl::Status status = Normmax::Make(gamma).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << gamma;
    EXPECT_THAT(std::string(status.message()), HasSubstr("gamma: got "));
    EXPECT_EQ(FindErrorDetails(status)->field, "gamma");
  }
  EXPECT_EQ(Normmax::Make(1.5)->gamma(), 1.5);
  EXPECT_TRUE(Normmax::Make(1.5)->ValidateFor(1).ok());
}

TEST(NormmaxTest, MarginAndWindowAreOneForEveryGamma) {
  for (const double gamma : kGammas) {
    EXPECT_EQ(Normmax::Make(gamma)->margin(), 1);
    EXPECT_EQ(Normmax::Make(gamma)->WindowFor(1000).rank, 1);
    EXPECT_EQ(Normmax::Make(gamma)->WindowFor(1000).width, 1);
  }
}

// p_i is proportional to (theta_i - tau)^(1/(gamma - 1)), and the gamma-norm of what it is proportional to
// is 1.
TEST(NormmaxTest, WeightsAreThePowersOfTheHeightsAboveTheThreshold) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64, 500})) {
    for (const double gamma : kGammas) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      const std::vector<double> weights = Weights(gamma, scores.scores);
      double norm = 0;
      for (const double p : weights) norm += std::pow(p / weights[0], gamma);
      norm = weights[0] * std::pow(norm, 1 / gamma);
      // theta_1 - tau, and what is left of it at each score.
      const double highest = std::pow(weights[0] / norm, gamma - 1);
      for (size_t i = 0; i < weights.size(); ++i) {
        const double height = highest - (scores.scores[0] - scores.scores[i]);
        // A power's relative error is gamma times that of its base, a sum of N.
        const double tolerance = 4 * DBL_EPSILON * (static_cast<double>(weights.size()) + gamma);
        if (weights[i] == 0) {
          // Where gamma is near 1 a weight vanishes long before its height does.
          EXPECT_LE(height, tolerance + std::pow(DBL_MIN, std::min(1.0, gamma - 1))) << i;
        } else if (weights[i] >= DBL_MIN) {
          EXPECT_NEAR(height, std::pow(weights[i] / norm, gamma - 1), tolerance) << i;
        }
      }
    }
  }
}

// p = w^(1/gamma) / sum w^(1/gamma) with w = (2 - 1/gamma)-entmax of gamma theta / (gamma - 1).
TEST(NormmaxTest, ItsPowersAreAnEntmax) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64, 500})) {
    for (const double gamma : {1.5, 2.0, 3.0, 5.0}) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      std::vector<double> scaled;
      for (const double score : scores.scores) {
        scaled.push_back((score - scores.scores[0]) * (gamma / (gamma - 1)));
      }
      std::vector<double> roots = WeightsOf(*Entmax::Make(2 - 1 / gamma), scaled);
      for (double& w : roots) w = std::pow(w, 1 / gamma);
      const double sum = std::accumulate(roots.begin(), roots.end(), 0.0);
      const std::vector<double> weights = Weights(gamma, scores.scores);
      // Heights agree to an ulp of 1; the rounding of the scaled scores is another.
      const double tolerance = 1000 * std::pow(DBL_EPSILON, std::min(1.0, 1 / (gamma - 1)));
      for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(weights[i], roots[i] / sum, tolerance) << i;
    }
  }
}

// Bisection on unshifted scores is off by 0.04 at 1e15 and returns NaN at 1e17.
TEST(NormmaxTest, LargeOffsetsLoseNothing) {
  for (const double gamma : kGammas) {
    SCOPED_TRACE(gamma);
    const std::vector<double> weights = Weights(gamma, {1.5, 1.25, 1, 0.25, -2});
    for (const double offset : {1e6, -1e12, std::ldexp(1.0, 50)}) {
      EXPECT_EQ(Weights(gamma, {offset + 1.5, offset + 1.25, offset + 1, offset + 0.25, offset - 2}),
                weights);
    }
    EXPECT_THAT(Weights(gamma, {1e17, 1e17, 0, -1e17}),
                ElementsAre(DoubleNear(0.5, DBL_EPSILON), DoubleNear(0.5, DBL_EPSILON), 0, 0));
    EXPECT_THAT(Weights(gamma, {1e300, 0, -1e300}), ElementsAre(1, 0, 0));
  }
}

// Without a shift, -1 and 1 vanish beside scores of 1e16 and more, and 0 / 0 is left.
TEST(NormmaxTest, ScoresOf1e16AndMoreAreNotANumberNowhere) {
  for (const double gamma : kGammas) {
    for (const double size : {1e16, -1e16, 1e17, -1e17, 1e100, 1e300, -1e300}) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << ", scores of " << size);
      EXPECT_THAT(Weights(gamma, {size, size, size, size}), Each(DoubleNear(0.25, DBL_EPSILON)));
      // The next score is 2 or more away.
      EXPECT_THAT(Weights(gamma, {size, size, size - std::abs(size)}),
                  ElementsAre(DoubleNear(0.5, DBL_EPSILON), DoubleNear(0.5, DBL_EPSILON), 0));
    }
  }
}

// (1 - s + y)^e + y^e = 1 for a lead of 1 - s: at gamma = 5 an ulp of the threshold is 1e-4 of weight here.
// What can be asked for is the equation for the heights, p^(gamma - 1), not the weights.
TEST(NormmaxTest, SteepPowerMapsConverge) {
  for (const double gamma : {2.001, 2.5, 3.0, 5.0, 30.0, 1e3}) {
    for (const double shortfall : {1e-15, 1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9}) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << ", shortfall " << shortfall);
      const double lead = 1 - shortfall;
      const std::vector<double> weights = Weights(gamma, {0, -lead});
      EXPECT_GT(weights[1], 0);
      EXPECT_NEAR(weights[0] + weights[1], 1, DBL_EPSILON);
      const double ratio = weights[1] / weights[0];
      const double highest = std::pow(1 + std::pow(ratio, gamma), (1 - gamma) / gamma);
      EXPECT_NEAR(highest - highest * std::pow(ratio, gamma - 1), lead, (4 + gamma) * DBL_EPSILON);
    }
  }
}

// Counting the scores at or above the threshold, as in "tau <= s", counts these ties.
TEST(NormmaxTest, ATieWithTheThresholdGetsExactlyZero) {
  for (const double gamma : kGammas) {
    SCOPED_TRACE(gamma);
    EXPECT_THAT(Weights(gamma, {0.5, -0.5, -0.5, -0.5}), ElementsAre(1, 0, 0, 0));
    EXPECT_THAT(Weights(gamma, {7, 6}), ElementsAre(1, 0));
  }
  EXPECT_THAT(Weights(2, {0, 0, 0, 0, -0.5, -0.5}), ElementsAre(0.25, 0.25, 0.25, 0.25, 0, 0));
  EXPECT_THAT(Weights(1.5, std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, -0.5}),
              ElementsAre(0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0));
}

TEST(NormmaxTest, EqualScoresGetBitwiseEqualWeights) {
  for (const ScoreCase& scores : ScoreCases({2, 3, 7, 64, 500})) {
    for (const double gamma : kGammas) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      const std::vector<double> weights = Weights(gamma, scores.scores);
      for (size_t i = 1; i < weights.size(); ++i) {
        if (scores.scores[i] == scores.scores[i - 1]) {
          EXPECT_EQ(weights[i], weights[i - 1]) << i;
        } else {
          EXPECT_LE(weights[i], weights[i - 1]) << i;
        }
      }
    }
  }
}

TEST(NormmaxTest, DuplicatesOfOnePatternShareAlike) {
  for (const double gamma : kGammas) {
    EXPECT_THAT(Weights(gamma, std::vector<double>(8, -0.3)), Each(DoubleNear(0.125, 2 * DBL_EPSILON)));
  }
}

TEST(NormmaxTest, OnePatternHasAllTheWeight) {
  for (const double gamma : kGammas) {
    for (const double score : {0.0, -3.0, 1e300}) EXPECT_THAT(Weights(gamma, {score}), ElementsAre(1));
  }
}

// (0.4 + y)^2 + y^2 = 1 by hand, and weights in proportion to the heights.
TEST(NormmaxTest, TwoScoresOf2NormmaxSolveAQuadratic) {
  const double y = (-0.8 + std::sqrt(0.64 + 8 * 0.84)) / 4;
  EXPECT_THAT(Weights(2, {0, -0.4}), ElementsAre(DoubleNear((0.4 + y) / (0.4 + 2 * y), 2 * DBL_EPSILON),
                                                 DoubleNear(y / (0.4 + 2 * y), 2 * DBL_EPSILON)));
}

TEST(NormmaxTest, LargeGammaSharesAlikeOnTheSupportOfSparsemax) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64})) {
    SCOPED_TRACE(scores.name);
    const Entmax sparsemax = *Entmax::Make(2);
    const double threshold = sparsemax.CutFrom(scores.scores, 100);
    const auto is_close = [&](double score) { return std::abs(score - threshold) < 1e-9; };
    if (std::any_of(scores.scores.begin(), scores.scores.end(), is_close)) continue;  // May join or leave.
    const std::vector<double> limit = WeightsOf(sparsemax, scores.scores);
    const auto support = limit.size() - std::count(limit.begin(), limit.end(), 0.0);
    const std::vector<double> weights = Weights(1e12, scores.scores);
    for (size_t i = 0; i < weights.size(); ++i) {
      EXPECT_NEAR(weights[i], limit[i] > 0 ? 1 / static_cast<double>(support) : 0, 1e-9) << i;
    }
  }
}

TEST(NormmaxTest, EveryGammaGivesFiniteResults) {
  for (const double gamma : {1 + DBL_EPSILON, 1 + 1e-12, 1 + 1e-6, 1e6, 1e12, 1e17, DBL_MAX}) {
    const Normmax normmax = *Normmax::Make(gamma);
    for (const ScoreCase& scores : ScoreCases({1, 2, 64})) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      const std::vector<double> weights = WeightsOf(normmax, scores.scores);
      const auto size = static_cast<double>(weights.size());
      EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, size * DBL_EPSILON);
      EXPECT_TRUE(std::isfinite(normmax.Negentropy(weights)));
      EXPECT_TRUE(std::isfinite(normmax.Conjugate(scores.scores, weights)));
      EXPECT_TRUE(std::isfinite(normmax.CutFrom(scores.scores, 1000)));
    }
    EXPECT_TRUE(std::isfinite(normmax.UniformNegentropy(1'000'000)));
  }
}

// One score ahead of a crowd of equals. See EntmaxTest.
TEST(NormmaxTest, ACrowdOfAMillionKeepsTwelveDigits) {
  constexpr int64_t kCrowd = 1'000'000;
  std::vector<double> scores(kCrowd + 1, 0.0);
  scores[0] = 0.7;
  for (const double gamma : {1.25, 1.5, 2.0, 3.0, 5.0}) {
    SCOPED_TRACE(gamma);
    const std::vector<double> weights = Weights(gamma, scores);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0L), 1, 1e-12);
    const double ratio = weights[1] / weights[0];
    const double highest = std::pow(1 + kCrowd * std::pow(ratio, gamma), (1 - gamma) / gamma);
    EXPECT_NEAR(highest * (1 - std::pow(ratio, gamma - 1)), 0.7, 1e-12);
  }
}

TEST(NormmaxTest, RowsWithoutWeightCannotMoveTheWeightsByABit) {
  std::mt19937_64 random(kScoreSeed);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const ScoreCase& scores : ScoreCases({1, 3, 20, 500})) {
    for (const double gamma : kGammas) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      const Normmax normmax = *Normmax::Make(gamma);
      const double cut = normmax.CutFrom(scores.scores, 1000) - 1e-6;
      std::vector<double> members;
      for (const double score : scores.scores) {
        if (score >= cut) members.push_back(score);
      }
      std::vector<double> expected = WeightsOf(normmax, members);
      std::vector<double> more = members;
      for (int i = 0; i < 100; ++i)
        more.push_back(std::nextafter(cut, -DBL_MAX) - std::pow(uniform(random), 9));
      std::sort(more.begin() + static_cast<int64_t>(members.size()), more.end(), std::greater<double>());
      expected.resize(more.size(), 0.0);
      EXPECT_EQ(WeightsOf(normmax, more), expected);
    }
  }
}

TEST(NormmaxTest, ConjugateIsTheThresholdPlusOne) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64, 500})) {
    for (const double gamma : kGammas) {
      SCOPED_TRACE(::testing::Message() << "gamma " << gamma << " of " << scores.name);
      const Normmax normmax = *Normmax::Make(gamma);
      std::vector<double> shifted;
      for (const double score : scores.scores) shifted.push_back(score - scores.scores[0]);
      const std::vector<double> weights = WeightsOf(normmax, shifted);
      EXPECT_NEAR(normmax.Conjugate(shifted, weights), normmax.CutFrom(shifted, 1000) + 1,
                  4 * static_cast<double>(weights.size()) * DBL_EPSILON);
    }
  }
}

// <p, theta> - Omega at large theta loses the part of order 1.
TEST(NormmaxTest, ConjugateKeepsItsDigitsAtLargeScores) {
  for (const double gamma : kGammas) {
    SCOPED_TRACE(gamma);
    const Normmax normmax = *Normmax::Make(gamma);
    const std::vector<double> scores = {0, -0.25, -0.5};
    const std::vector<double> weights = Weights(gamma, scores);
    const double offset = std::ldexp(1.0, 40);
    EXPECT_NEAR(normmax.Conjugate({offset, offset - 0.25, offset - 0.5}, weights) - offset,
                normmax.Conjugate(scores, weights), std::ldexp(1.0, -13));
  }
}

TEST(NormmaxTest, NegentropyIsTheNormLess1) {
  const std::vector<double> weights = {0.5, 0.3, 0.2, 0};
  EXPECT_DOUBLE_EQ(Normmax::Make(2)->Negentropy(weights), std::sqrt(0.38) - 1);
  EXPECT_DOUBLE_EQ(Normmax::Make(3)->Negentropy(weights), std::cbrt(0.16) - 1);
  EXPECT_DOUBLE_EQ(Normmax::Make(1e17)->Negentropy(weights), -0.5);
  EXPECT_DOUBLE_EQ(Normmax::Make(2)->UniformNegentropy(16), 0.25 - 1);
  for (const double gamma : kGammas) {
    EXPECT_EQ(Normmax::Make(gamma)->Negentropy({1, 0, 0}), 0);
    EXPECT_NEAR(Normmax::Make(gamma)->Negentropy(std::vector<double>(16, 1.0 / 16)),
                Normmax::Make(gamma)->UniformNegentropy(16), 4 * DBL_EPSILON);
  }
}

// |p|_gamma - 1 is 1 - 1 here: its first term is gamma - 1 times the negentropy of Shannon.
TEST(NormmaxTest, NegentropyNearGamma1KeepsItsDigits) {
  const double distance = std::ldexp(1.0, -30);
  const double shannon = 0.5 * std::log(0.5) + 0.3 * std::log(0.3) + 0.2 * std::log(0.2);
  EXPECT_NEAR(Normmax::Make(1 + distance)->Negentropy({0.5, 0.3, 0.2}) / distance, shannon, 1e-8);
}

}  // namespace
}  // namespace engram
