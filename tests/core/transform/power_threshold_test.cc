#include "core/transform/power_threshold.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"

namespace engram {
namespace {

constexpr double kExponents[] = {0.01, 0.25, 1.0 / 3, 0.5, 0.9, 1,    1.0001, 1.25,
                                 1.5,  2,    3,       4,   7.3, 15.9, 16.1,   1e3};
using Term = PowerThreshold::Term;

// sum [s_i - origin]_+^e
double SumAbove(const std::vector<double>& scores, double origin, double exponent) {
  double sum = 0;
  for (size_t i = 0; i < scores.size() && scores[i] > origin; ++i) {
    sum += std::pow(scores[i] - origin, exponent);
  }
  return sum;
}

std::vector<double> Gaussian(int64_t size, double scale) {
  std::mt19937_64 random(kScoreSeed);
  std::normal_distribution<double> gaussian;
  std::vector<double> scores(size);
  for (double& score : scores) score = scale * gaussian(random);
  std::sort(scores.begin(), scores.end(), std::greater<double>());
  return scores;
}

// Enough scores for every sketch to answer for sums, and around the end of the support to leave it to them.
TEST(PowerThresholdTest, SketchesFindTheSupportThatTheSumsDo) {
  for (const double scale : {1e-9, 1e-5, 1e-3, 0.03}) {
    const std::vector<double> scores = Gaussian(300'000, scale);
    for (const double exponent : {1.0 / 3, 0.9, 1.5, 7.3}) {
      SCOPED_TRACE(::testing::Message() << "exponent " << exponent << " scale " << scale);
      const int64_t size = PowerThreshold(1, exponent).SupportSize(scores);
      ASSERT_GE(size, 1);
      const double tolerance = static_cast<double>(size) * DBL_EPSILON;
      EXPECT_LT(SumAbove(scores, scores[size - 1], exponent), 1 + tolerance);
      if (size < static_cast<int64_t>(scores.size())) {
        EXPECT_GE(SumAbove(scores, scores[size], exponent), 1 - tolerance);
      }
    }
  }
}

TEST(PowerThresholdTest, SupportOfMoreScoresThatAreTooLowIsTheSame) {
  for (const double exponent : kExponents) {
    for (const double scale : {1e-4, 0.03, 1.0}) {
      SCOPED_TRACE(::testing::Message() << "exponent " << exponent << " scale " << scale);
      const PowerThreshold threshold(1, exponent);
      std::vector<double> scores = Gaussian(30'000, scale);
      const int64_t size = threshold.SupportSize(scores);
      for (const size_t kept : {size_t(size), size_t(size) + 1, size_t(size) + 777}) {
        if (kept > scores.size()) continue;
        EXPECT_EQ(threshold.SupportSize(absl::MakeConstSpan(scores).first(kept)), size);
      }
    }
  }
}

TEST(PowerThresholdTest, PowersOfTheSupportSumToOne) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 17, 500})) {
    for (const double exponent : kExponents) {
      SCOPED_TRACE(::testing::Message() << "exponent " << exponent << " of " << scores.name);
      const PowerThreshold threshold(0.5, exponent);
      const int64_t size = threshold.SupportSize(scores.scores);
      const auto support = absl::MakeConstSpan(scores.scores).first(size);
      std::vector<double> powers(size);
      threshold.Solve(support, Term::kPower, absl::MakeSpan(powers));
      // Up to the rounding of the threshold, an ulp of 1, which each height passes on to its power.
      const double tolerance = (4 + exponent) * static_cast<double>(size) * DBL_EPSILON;
      EXPECT_NEAR(std::accumulate(powers.begin(), powers.end(), 0.0), 1, tolerance);
      for (size_t i = 1; i < powers.size() && powers[i] >= DBL_MIN; ++i) {
        EXPECT_NEAR(std::pow(powers[0], 1 / exponent) - std::pow(powers[i], 1 / exponent),
                    0.5 * (support[0] - support[i]),
                    (4 + 1 / exponent) * static_cast<double>(size) * DBL_EPSILON)
            << i;
      }
    }
  }
}

TEST(PowerThresholdTest, SlopesArePowersOfOneLess) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 17, 500})) {
    for (const double exponent : {1.0, 1.25, 1.5, 2.0, 3.0, 7.3, 16.1}) {
      SCOPED_TRACE(::testing::Message() << "exponent " << exponent << " of " << scores.name);
      const PowerThreshold threshold(1, exponent);
      const int64_t size = threshold.SupportSize(scores.scores);
      const auto support = absl::MakeConstSpan(scores.scores).first(size);
      std::vector<double> powers(size);
      std::vector<double> slopes(size);
      EXPECT_EQ(threshold.Solve(support, Term::kPower, absl::MakeSpan(powers)),
                threshold.Solve(support, Term::kSlope, absl::MakeSpan(slopes)));
      for (size_t i = 0; i < powers.size(); ++i) {
        if (powers[i] < DBL_MIN) continue;
        EXPECT_NEAR(std::pow(powers[i], 1 - 1 / exponent), slopes[i], 8 * exponent * DBL_EPSILON) << i;
      }
    }
  }
}

}  // namespace
}  // namespace engram
