// What is true of every transformation of the list.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/transform/transform_list.h"
#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"
#include "tests/core/transform/transform_cases.h"

namespace engram {
namespace {

constexpr double kEpsilon = DBL_EPSILON;

// Scores less the rank-th: numbers of order 1 where there is weight, for objectives without cancellation.
std::vector<double> Shifted(const Transform& transform, const std::vector<double>& scores) {
  const double reference = scores[WindowFor(transform, static_cast<int64_t>(scores.size())).rank - 1];
  std::vector<double> shifted;
  for (const double score : scores) shifted.push_back(score - reference);
  return shifted;
}

// <p, theta> - Omega(p), the quantity that Project maximises.
double Objective(const Transform& transform, const std::vector<double>& scores,
                 const std::vector<double>& weights) {
  double inner = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (weights[i] > 0) inner += weights[i] * scores[i];
  }
  return inner - Negentropy(transform, weights);
}

// dOmega / dp_i at `weights`; at 0 the limit from above that a double can tell from it.
double Slope(const Transform& transform, const std::vector<double>& weights, size_t i) {
  const double p = weights[i];
  const double log_p = std::log(std::max(p, DBL_TRUE_MIN));
  if (std::holds_alternative<Softmax>(transform)) return log_p;
  if (const auto* entmax = std::get_if<Entmax>(&transform)) {
    return std::expm1((entmax->alpha() - 1) * log_p) / (entmax->alpha() - 1);
  }
  if (const auto* normmax = std::get_if<Normmax>(&transform)) {
    // (p / |p|_gamma)^(gamma - 1); the largest weight comes first.
    double sum = 0;
    for (const double other : weights) sum += std::pow(other / weights[0], normmax->gamma());
    const double norm = weights[0] * std::pow(sum, 1 / normmax->gamma());
    return std::pow(std::max(p, DBL_TRUE_MIN) / norm, normmax->gamma() - 1);
  }
  return p;
}

// By how much a relative error of the weights may grow in the slope.
double Conditioning(const Transform& transform) {
  const auto* normmax = std::get_if<Normmax>(&transform);
  return normmax != nullptr ? 2 * normmax->gamma() : 1;
}

// A vertex of the domain: total weight 1 on a random row, or on k random rows.
std::vector<double> RandomVertex(const Transform& transform, size_t size, std::mt19937_64* random) {
  std::vector<double> vertex(size, 0.0);
  std::fill_n(vertex.begin(), static_cast<size_t>(TotalWeight(transform)), 1.0);
  std::shuffle(vertex.begin(), vertex.end(), *random);
  return vertex;
}

// A mean of a few vertices and, nearer and nearer to it, of `center`.
std::vector<double> RandomFeasible(const Transform& transform, const std::vector<double>& center, int round,
                                   std::mt19937_64* random) {
  std::exponential_distribution<double> exponential;
  std::vector<double> point(center.size(), 0.0);
  std::vector<double> shares = {round % 4 == 0 ? 0.0 : std::pow(10.0, round % 9), exponential(*random),
                                exponential(*random), exponential(*random)};
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (size_t part = 0; part < shares.size(); ++part) {
    const std::vector<double> vertex = part == 0 ? center : RandomVertex(transform, center.size(), random);
    for (size_t i = 0; i < point.size(); ++i) point[i] += shares[part] / total * vertex[i];
  }
  for (double& p : point) p = std::min(p, 1.0);
  return point;
}

template <typename Check>
void ForEachCase(const std::vector<int64_t>& sizes, const Check& check) {
  for (const ScoreCase& scores : ScoreCases(sizes)) {
    for (const Transform& transform : TransformCases(static_cast<int64_t>(scores.scores.size()))) {
      SCOPED_TRACE(Describe(transform) + " of " + scores.name);
      check(transform, scores.scores);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(TransformLawsTest, EveryTransformationHasItsOwnName) {
  const std::set<std::string> names(kTransformNames.begin(), kTransformNames.end());
  EXPECT_EQ(names.size(), std::variant_size_v<Transform>);
}

TEST(TransformLawsTest, WeightsAreBoundedDescendingAndHaveTheRightSum) {
  ForEachCase({1, 2, 3, 7, 64, 500}, [](const Transform& transform, const std::vector<double>& scores) {
    const std::vector<double> weights = WeightsOf(transform, scores);
    long double sum = 0;
    int64_t support = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      ASSERT_GE(weights[i], 0) << i;
      ASSERT_LE(weights[i], 1) << i;
      if (i > 0) {
        ASSERT_LE(weights[i], weights[i - 1]) << i;
      }
      sum += weights[i];
      support += weights[i] > 0;
    }
    // A threshold's numerator adds `support` numbers below the window; an ulp of that for each row with
    // weight.
    const auto n = static_cast<double>(support);
    EXPECT_NEAR(static_cast<double>(sum), TotalWeight(transform), n * n * kEpsilon);
  });
}

TEST(TransformLawsTest, EqualScoresGetBitwiseEqualWeights) {
  ForEachCase({2, 3, 7, 64, 500}, [](const Transform& transform, const std::vector<double>& scores) {
    const std::vector<double> weights = WeightsOf(transform, scores);
    for (size_t i = 1; i < weights.size(); ++i) {
      if (scores[i] == scores[i - 1]) {
        ASSERT_EQ(weights[i], weights[i - 1]) << i;
      }
    }
  });
}

// A shift that rounds no score changes no bit.
TEST(TransformLawsTest, WeightsDoNotChangeWhenAllScoresMove) {
  std::mt19937_64 random(kScoreSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kScoreSeed);
  std::uniform_int_distribution<int> units(-4096, 4096);
  for (const int64_t size : {1, 2, 5, 40}) {
    for (const Transform& transform : TransformCases(size)) {
      SCOPED_TRACE(Describe(transform));
      std::vector<double> scores;
      for (int64_t i = 0; i < size; ++i) scores.push_back(units(random) / 1024.0);
      std::sort(scores.begin(), scores.end(), std::greater<double>());
      const std::vector<double> weights = WeightsOf(transform, scores);
      for (const double shift : {-1.0, 3.0, 1048576.0, -1073741824.0, std::ldexp(1.0, 42)}) {
        std::vector<double> moved = scores;
        for (double& score : moved) score += shift;
        EXPECT_EQ(WeightsOf(transform, moved), weights) << shift;
        EXPECT_NEAR(Conjugate(transform, moved, weights),
                    Conjugate(transform, scores, weights) + TotalWeight(transform) * shift,
                    4 * kEpsilon * TotalWeight(transform) * std::abs(shift));
      }
    }
  }
}

// Each weight is a function of its score's difference to the others: at the optimum theta - grad Omega is
// the same number on the support, smaller off it and, for k-subsets, larger where the weight is capped.
// This is necessary and sufficient for the optimum.
TEST(TransformLawsTest, WeightsSatisfyTheOptimalityConditions) {
  ForEachCase({1, 2, 3, 7, 64}, [](const Transform& transform, const std::vector<double>& scores) {
    const std::vector<double> z = Shifted(transform, scores);
    const std::vector<double> weights = WeightsOf(transform, scores);
    const bool capped = std::holds_alternative<KSubsets>(transform);
    double low = -std::numeric_limits<double>::infinity();  // The multiplier is at least this,
    double high = std::numeric_limits<double>::infinity();  // and at most that.
    double worst_tolerance = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      const double p = weights[i];
      if (0 < p && p < DBL_MIN) continue;  // Its digits are gone.
      const double multiplier = z[i] - Slope(transform, weights, i);
      // A weight's relative error is that of a sum of N and of its logarithm; it moves the slope by as much.
      const double log_p = p > 0 ? -std::log(p) : 0;
      const double tolerance =
          4 * kEpsilon * Conditioning(transform) * (static_cast<double>(weights.size()) + log_p);
      worst_tolerance = std::max(worst_tolerance, tolerance);
      if (!(capped && p == 1)) low = std::max(low, multiplier);
      if (p > 0) high = std::min(high, multiplier);
    }
    EXPECT_LE(low, high + 2 * worst_tolerance);
  });
}

TEST(TransformLawsTest, NoFeasiblePointIsBetter) {
  std::mt19937_64 random(kScoreSeed);
  ForEachCase({1, 2, 3, 7, 33}, [&](const Transform& transform, const std::vector<double>& scores) {
    const std::vector<double> z = Shifted(transform, scores);
    const std::vector<double> weights = WeightsOf(transform, scores);
    const double best = Objective(transform, z, weights);
    for (int round = 0; round < 20; ++round) {
      const std::vector<double> point = RandomFeasible(transform, weights, round, &random);
      const double other = Objective(transform, z, point);
      // Sums of N terms, each at most the sum of the absolute ones.
      double magnitude = 1 + std::abs(best) + std::abs(other);
      for (size_t i = 0; i < z.size(); ++i) magnitude += point[i] * std::abs(z[i]);
      ASSERT_LE(other, best + 2 * static_cast<double>(z.size()) * kEpsilon * magnitude) << "round " << round;
    }
  });
}

// L(theta, p) = Omega(p) + Omega*(theta) - <p, theta>.
TEST(TransformLawsTest, FenchelYoungLossIsNeverNegativeAndZeroAtThePrediction) {
  std::mt19937_64 random(kScoreSeed);
  ForEachCase({1, 2, 3, 7, 33}, [&](const Transform& transform, const std::vector<double>& scores) {
    const std::vector<double> z = Shifted(transform, scores);
    const std::vector<double> weights = WeightsOf(transform, z);
    const double conjugate = Conjugate(transform, z, weights);
    const auto tolerance = [&](const std::vector<double>& point) {
      double magnitude = 1 + std::abs(conjugate);
      for (size_t i = 0; i < z.size(); ++i) magnitude += point[i] * std::abs(z[i]);
      return 2 * static_cast<double>(z.size()) * kEpsilon * magnitude;
    };
    EXPECT_NEAR(conjugate, Objective(transform, z, weights), tolerance(weights));
    for (int round = 0; round < 10; ++round) {
      const std::vector<double> point = RandomFeasible(transform, weights, round, &random);
      ASSERT_GE(conjugate - Objective(transform, z, point), -tolerance(point)) << "round " << round;
    }
  });
}

TEST(TransformLawsTest, NegentropyIsZeroAtTheVerticesAndNowhereAbove) {
  std::mt19937_64 random(kScoreSeed);
  for (const int64_t size : {1, 2, 5, 40}) {
    for (const Transform& transform : TransformCases(size)) {
      SCOPED_TRACE(Describe(transform));
      const std::vector<double> vertex = RandomVertex(transform, size, &random);
      EXPECT_EQ(Negentropy(transform, vertex), 0);
      for (int round = 0; round < 20; ++round) {
        EXPECT_LE(Negentropy(transform, RandomFeasible(transform, vertex, round, &random)), 0);
      }
    }
  }
}

TEST(TransformLawsTest, UniformNegentropyIsTheLeastNegentropy) {
  std::mt19937_64 random(kScoreSeed);
  for (const int64_t size : {1, 2, 3, 10, 1000}) {
    for (const Transform& transform : TransformCases(size)) {
      SCOPED_TRACE(Describe(transform) + " N=" + std::to_string(size));
      const double uniform = UniformNegentropy(transform, size);
      const std::vector<double> weights(size, TotalWeight(transform) / static_cast<double>(size));
      const double tolerance = static_cast<double>(size) * kEpsilon;
      EXPECT_NEAR(uniform, Negentropy(transform, weights), tolerance * std::abs(uniform));
      for (const double p : WeightsOf(transform, std::vector<double>(size, 1.5))) {
        EXPECT_NEAR(p, weights[0], tolerance * weights[0]);
      }
      if (uniform == 0) continue;  // k = N: there is no other point.
      for (int round = 0; round < 10; ++round) {
        EXPECT_GE(Negentropy(transform, RandomFeasible(transform, weights, round, &random)),
                  uniform - tolerance * std::abs(uniform));
      }
    }
  }
}

// `first` for the k rows of a vertex, `rest` for the others.
std::vector<double> Split(const Transform& transform, size_t size, double first, double rest) {
  std::vector<double> values(size, rest);
  std::fill_n(values.begin(), static_cast<size_t>(TotalWeight(transform)), first);
  return values;
}

TEST(TransformLawsTest, ALeadOfTheMarginTakesAllTheWeight) {
  for (const size_t size : {2, 3, 10, 100}) {
    for (const Transform& transform : TransformCases(static_cast<int64_t>(size))) {
      SCOPED_TRACE(Describe(transform) + " N=" + std::to_string(size));
      const double margin = Margin(transform);
      if (std::isinf(margin)) continue;
      // 1 / (alpha - 1) is rounded, hence a few units more.
      for (const double factor : {1 + 4 * kEpsilon, 1.001, 2.0, 1e6, 1e30}) {
        const std::vector<double> scores = Split(transform, size, 0, -factor * margin);
        const std::vector<double> weights = WeightsOf(transform, scores);
        EXPECT_EQ(weights, Split(transform, size, 1, 0)) << factor;
        EXPECT_EQ(Negentropy(transform, weights), 0);
        EXPECT_EQ(Conjugate(transform, scores, weights), 0);
      }
    }
  }
}

TEST(TransformLawsTest, ALeadJustBelowTheMarginDoesNot) {
  for (const size_t size : {2, 3, 10, 100}) {
    for (const Transform& transform : TransformCases(static_cast<int64_t>(size))) {
      const double margin = Margin(transform);
      const auto total = static_cast<size_t>(TotalWeight(transform));
      if (std::isinf(margin) || total == size) continue;
      SCOPED_TRACE(Describe(transform) + " N=" + std::to_string(size));
      // So far below that the second weight, about (shortfall / margin)^margin, is a double, and that
      // it is more than the first can lose to rounding.
      const double shortfall = std::max({1e-9, std::pow(1e-200, 1 / margin), 8 * kEpsilon / margin});
      const std::vector<double> weights =
          WeightsOf(transform, Split(transform, size, 0, -(1 - shortfall) * margin));
      EXPECT_GT(weights[total], 0);
      EXPECT_EQ(weights[size - 1], weights[total]);
    }
  }
}

TEST(TransformLawsTest, SparsemaxIsEntmaxOf2IsOneSubset) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64, 500})) {
    SCOPED_TRACE(scores.name);
    const Transform entmax = *Entmax::Make(2);
    const Transform subsets = *KSubsets::Make(1);
    const std::vector<double> weights = WeightsOf(entmax, scores.scores);
    const std::vector<double> other = WeightsOf(subsets, scores.scores);
    const double tolerance = static_cast<double>(weights.size()) * kEpsilon;
    for (size_t i = 0; i < weights.size(); ++i) ASSERT_NEAR(weights[i], other[i], tolerance) << i;
    const double conjugate = Conjugate(entmax, scores.scores, weights);
    EXPECT_NEAR(conjugate, Conjugate(subsets, scores.scores, other),
                tolerance * std::max(1.0, std::abs(conjugate)));
    EXPECT_NEAR(Negentropy(entmax, weights), Negentropy(subsets, other), tolerance);
  }
}

// (1 + d x)^(1/d) = e^x (1 - d x^2 / 2 + ...), and weights below 1 / N^2 matter to none.
TEST(TransformLawsTest, EntmaxApproachesSoftmaxAsAlphaApproaches1) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 3, 7, 64, 500})) {
    SCOPED_TRACE(scores.name);
    const std::vector<double> limit = WeightsOf(Softmax(), scores.scores);
    const double log_size = std::log(static_cast<double>(limit.size()));
    const double conjugate = Conjugate(Softmax(), scores.scores, limit);
    for (const double distance : {1e-3, 1e-6, 1e-9, 1e-12}) {
      const Transform entmax = *Entmax::Make(1 + distance);
      const double tolerance =
          2 * distance * (1 + log_size) * (1 + log_size) + static_cast<double>(limit.size()) * kEpsilon;
      const std::vector<double> weights = WeightsOf(entmax, scores.scores);
      for (size_t i = 0; i < weights.size(); ++i) ASSERT_NEAR(weights[i], limit[i], tolerance) << i;
      EXPECT_NEAR(Conjugate(entmax, scores.scores, weights), conjugate,
                  tolerance + kEpsilon * std::abs(conjugate));
    }
  }
}

}  // namespace
}  // namespace engram
