#include "core/transform/constrained_sparsemax.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/transform/entmax.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"
#include "tests/golden/golden_file.h"

namespace engram {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kEpsilon = DBL_EPSILON;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Scores of all patterns of a bank, in score order, and the bounds in id order.
struct Problem {
  std::string name;
  std::vector<double> theta;
  std::vector<int64_t> positions;
  std::vector<double> upper;

  OrderedScores scores() const { return {theta, positions}; }
  double upper_of(size_t i) const { return upper[positions[i]]; }
};

Problem MakeProblem(std::vector<double> theta_by_id, std::vector<double> upper) {
  Problem problem;
  problem.positions.resize(theta_by_id.size());
  std::iota(problem.positions.begin(), problem.positions.end(), 0);
  std::stable_sort(problem.positions.begin(), problem.positions.end(),
                   [&](int64_t a, int64_t b) { return theta_by_id[a] > theta_by_id[b]; });
  for (const int64_t position : problem.positions) problem.theta.push_back(theta_by_id[position]);
  problem.upper = std::move(upper);
  return problem;
}

std::vector<double> ById(const Problem& problem, const std::vector<double>& values) {
  std::vector<double> by_id(values.size());
  for (size_t i = 0; i < values.size(); ++i) by_id[problem.positions[i]] = values[i];
  return by_id;
}

std::vector<double> Weights(const Problem& problem) {
  return ConstrainedSparsemax::Make(problem.upper)->Project(problem.scores()).weights;
}

// Scores times kinds of bounds: loose, tight, some zero, all alike, and summing to 1.
std::vector<Problem> Problems(const std::vector<int64_t>& sizes) {
  std::mt19937_64 random(kScoreSeed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Problem> problems;
  for (const ScoreCase& base : ScoreCases(sizes)) {
    const auto n = static_cast<double>(base.scores.size());
    const auto add = [&](const char* kind, const std::function<double()>& bound) {
      std::vector<double> upper;
      for (size_t i = 0; i < base.scores.size(); ++i) upper.push_back(bound());
      const double sum = std::accumulate(upper.begin(), upper.end(), 0.0);
      if (sum < 1) {
        for (double& u : upper) u = sum > 0 ? u / sum : 1;
      }
      std::vector<double> theta = base.scores;
      std::shuffle(theta.begin(), theta.end(), random);
      problems.push_back(MakeProblem(theta, upper));
      problems.back().name = base.name + ", bounds " + kind;
    };
    add("loose", [&] { return 1 + uniform(random); });
    add("infinite", [&] { return kInfinity; });
    add("tight", [&] { return 3 * uniform(random) / n; });
    add("of which some are zero", [&] { return uniform(random) < 0.3 ? 0.0 : 2 * uniform(random); });
    add("of 0.25", [&] { return 0.25; });
    add("of 0.1", [&] { return 0.1; });
    add("that sum to 1", [&] { return uniform(random) / n / 2; });
    add("of many scales", [&] { return std::pow(10.0, -6 * uniform(random)); });
  }
  return problems;
}

// The weights at the threshold at which they sum to 1, by bisection in long double.
std::vector<double> BisectedWeights(const Problem& problem) {
  const auto weight = [&](size_t i, long double tau) {
    return std::clamp(problem.theta[i] - tau, 0.0L, static_cast<long double>(problem.upper_of(i)));
  };
  long double low = problem.theta.back() - 2.0L;
  long double high = problem.theta.front();
  for (int step = 0; step < 200; ++step) {
    const long double middle = low + (high - low) / 2;
    long double mass = 0;
    for (size_t i = 0; i < problem.theta.size(); ++i) mass += weight(i, middle);
    (mass >= 1 ? low : high) = middle;
  }
  std::vector<double> weights;
  for (size_t i = 0; i < problem.theta.size(); ++i) weights.push_back(static_cast<double>(weight(i, low)));
  return weights;
}

TEST(ConstrainedSparsemaxTest, MakeRejectsBoundsThatAreNone) {
  const absl::Status status = ConstrainedSparsemax::Make({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindErrorDetails(status)->field, "upper_bounds");
  EXPECT_THAT(std::string(status.message()), HasSubstr("one for each pattern"));
}

TEST(ConstrainedSparsemaxTest, MakeRejectsBoundsThatAreNegativeOrNotNumbers) {
  for (const double bound : {-1e-300, -1.0, -kInfinity, std::nan("")}) {
    const absl::Status status = ConstrainedSparsemax::Make({1, 0, bound}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bound;
    EXPECT_EQ(FindErrorDetails(status)->field, "upper_bounds[2]");
    EXPECT_THAT(std::string(status.message()), HasSubstr("allowed 0 to infinity"));
  }
  EXPECT_TRUE(ConstrainedSparsemax::Make({0, -0.0, kInfinity}).ok());
}

TEST(ConstrainedSparsemaxTest, MakeRejectsBoundsThatLeaveNoWeights) {
  const absl::Status status = ConstrainedSparsemax::Make({0.25, 0.5}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindErrorDetails(status)->field, "upper_bounds");
  EXPECT_THAT(std::string(status.message()), HasSubstr("got sum 0.75, allowed a sum of at least 1"));
  EXPECT_FALSE(ConstrainedSparsemax::Make({0.5, 0.5 - 1e-8}).ok());
  EXPECT_TRUE(ConstrainedSparsemax::Make({0.5, 0.5 - 1e-10}).ok());
}

TEST(ConstrainedSparsemaxTest, BankMustHaveAPatternForEachBound) {
  const ConstrainedSparsemax transform = *ConstrainedSparsemax::Make({0.5, 0.5, 1});
  EXPECT_TRUE(transform.ValidateFor(3).ok());
  for (const int64_t count : {0, 2, 4}) {
    const absl::Status status = transform.ValidateFor(count);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << count;
    EXPECT_EQ(FindErrorDetails(status)->field, "upper_bounds");
    EXPECT_THAT(std::string(status.message()), HasSubstr("got 3 bounds, allowed " + std::to_string(count)));
  }
}

TEST(ConstrainedSparsemaxTest, CopiesShareTheBounds) {
  const ConstrainedSparsemax transform = *ConstrainedSparsemax::Make({0.5, 0.5, 1});
  const ConstrainedSparsemax copy = transform;  // NOLINT: the copy is the point.
  EXPECT_EQ(copy.upper_bounds().data(), transform.upper_bounds().data());
  EXPECT_THAT(copy.upper_bounds(), ElementsAre(0.5, 0.5, 1));
}

TEST(ConstrainedSparsemaxTest, RankIsHowManyPatternsSurelyReachAllTheWeight) {
  const auto rank = [](const std::vector<double>& upper) {
    return ConstrainedSparsemax::Make(upper)->WindowFor(static_cast<int64_t>(upper.size())).rank;
  };
  EXPECT_EQ(rank({1}), 1);
  EXPECT_EQ(rank({1, 7, kInfinity}), 1);
  EXPECT_EQ(rank({0.5, 1, 1}), 2);
  EXPECT_EQ(rank(std::vector<double>(10, 0.25)), 4);
  EXPECT_EQ(rank({1, 0, 0.75, 0.25, 0}), 4);
  EXPECT_EQ(rank({1, 0, 0}), 3);
  EXPECT_EQ(rank({0.5, 0.5 - 1e-10}), 2);
  EXPECT_EQ(rank(std::vector<double>(20000, 1.0 / 8192)), 8192);
  EXPECT_EQ(ConstrainedSparsemax::Make({0.5, 1, 1})->WindowFor(3).width, 1);
  EXPECT_EQ(ConstrainedSparsemax::Make({0.5, 1, 1})->CutFrom({7, 5, 3}, 3), 4);
}

TEST(ConstrainedSparsemaxTest, MarginIsThatOfSparsemaxOnlyIfNoBoundBinds) {
  EXPECT_EQ(ConstrainedSparsemax::Make({1, 2, kInfinity})->margin(), 1);
  EXPECT_EQ(ConstrainedSparsemax::Make({1, 0.5})->margin(), kInfinity);
  EXPECT_EQ(ConstrainedSparsemax::Make({1, 0.5})->total_weight(), 1);
}

TEST(ConstrainedSparsemaxTest, GoldenWeightsAgree) {
  const GoldenFile file("constrained_sparsemax.json");
  ASSERT_EQ(file.cases().size(), 36u);
  for (const nlohmann::json& golden : file.cases()) {
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const Problem problem =
        MakeProblem(GoldenFile::Vector(golden.at("theta")), GoldenFile::Vector(golden.at("upper")));
    const std::vector<double> weights = ById(problem, Weights(problem));
    const std::vector<double> expected = GoldenFile::Vector(golden.at("ref").at("p"));
    ASSERT_EQ(weights.size(), expected.size());
    // The reference's own weights sum to 1 within 4e-15.
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(weights[i], expected[i], 5e-15) << i;
  }
}

TEST(ConstrainedSparsemaxTest, WeightsAreThoseOfTheThreshold) {
  for (const Problem& problem : Problems({1, 2, 3, 7, 64})) {
    SCOPED_TRACE(problem.name);
    const double magnitude = std::max(std::abs(problem.theta.front()), std::abs(problem.theta.back()));
    if (magnitude > 1e5) continue;  // A threshold in long double says too little about differences of 1.
    const std::vector<double> weights = Weights(problem);
    const std::vector<double> expected = BisectedWeights(problem);
    for (size_t i = 0; i < weights.size(); ++i) {
      ASSERT_NEAR(weights[i], expected[i], 4 * kEpsilon * static_cast<double>(weights.size())) << i;
    }
  }
}

TEST(ConstrainedSparsemaxTest, WeightsAreWithinTheirBoundsAndSumTo1) {
  for (const Problem& problem : Problems({1, 2, 3, 7, 64, 500})) {
    SCOPED_TRACE(problem.name);
    const std::vector<double> weights = Weights(problem);
    long double sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      ASSERT_GE(weights[i], 0) << i;
      ASSERT_LE(weights[i], problem.upper_of(i) * (1 + static_cast<double>(weights.size()) * kEpsilon)) << i;
      if (i > 0 && problem.theta[i] == problem.theta[i - 1] &&
          problem.upper_of(i) == problem.upper_of(i - 1)) {
        ASSERT_EQ(weights[i], weights[i - 1]) << i;
      }
      sum += weights[i];
    }
    EXPECT_NEAR(static_cast<double>(sum), 1, static_cast<double>(weights.size()) * kEpsilon);
  }
}

TEST(ConstrainedSparsemaxTest, BoundsOf1OrMoreGiveSparsemax) {
  for (const double bound : {1.0, 1.5, kInfinity}) {
    for (const Problem& base : Problems({1, 2, 3, 7, 64})) {
      SCOPED_TRACE(base.name);
      Problem problem = base;
      std::fill(problem.upper.begin(), problem.upper.end(), bound);
      const Entmax sparsemax = *Entmax::Make(2);
      std::vector<double> expected(problem.theta.size());
      sparsemax.Project(problem.theta, absl::MakeSpan(expected));
      const Projection found = ConstrainedSparsemax::Make(problem.upper)->Project(problem.scores());
      // Entmax divides by a sum of N rounded terms.
      const double tolerance = std::max(1e-15, static_cast<double>(expected.size()) * kEpsilon);
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(found.weights[i], expected[i], tolerance) << i;
      const double conjugate = sparsemax.Conjugate(problem.theta, expected);
      EXPECT_NEAR(found.conjugate, conjugate, 1e-14 * std::max(1.0, std::abs(conjugate)));
      EXPECT_EQ(found.duality_gap, 0);
    }
  }
}

TEST(ConstrainedSparsemaxTest, BoundsThatSumTo1AreTheWeights) {
  EXPECT_THAT(Weights(MakeProblem({-5, 300, 0}, {0.5, 0.25, 0.25})), ElementsAre(0.25, 0.25, 0.5));
  // Ten times 0.1 is 1 - 2^-53 in doubles.
  for (const double weight :
       Weights(MakeProblem({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, std::vector<double>(10, 0.1)))) {
    EXPECT_NEAR(weight, 0.1, kEpsilon);
  }
  const std::vector<double> lacking = Weights(MakeProblem({5, 1}, {0.5, 0.5 - 8e-10}));
  EXPECT_NEAR(lacking[0] + lacking[1], 1, kEpsilon);
  EXPECT_NEAR(lacking[0], 0.5, 1e-9);
}

TEST(ConstrainedSparsemaxTest, PatternsWithABoundOf0HaveNoWeightWhateverTheirScore) {
  EXPECT_THAT(Weights(MakeProblem({100, 2, 100, 1.5}, {0, 1, 0, 1})), ElementsAre(0, 0, 0.75, 0.25));
  EXPECT_THAT(Weights(MakeProblem({DBL_MAX, -DBL_MAX}, {0, 1})), ElementsAre(0, 1));
}

// The threshold lies among the low scores when the high ones are at their bounds.
TEST(ConstrainedSparsemaxTest, FarScoresDoNotCostTheOthersTheirDigits) {
  EXPECT_THAT(Weights(MakeProblem({1e17, 0, -0.25}, {0.5, 0.4375, 0.4375})), ElementsAre(0.5, 0.375, 0.125));
  EXPECT_THAT(Weights(MakeProblem({DBL_MAX, 0, -0.25, -DBL_MAX}, {0.5, 0.4375, 0.4375, 1})),
              ElementsAre(0.5, 0.375, 0.125, 0));
}

TEST(ConstrainedSparsemaxTest, WeightsDoNotChangeWhenAllScoresMove) {
  std::mt19937_64 random(kScoreSeed);
  std::uniform_int_distribution<int> units(-2048, 2048);
  for (const int64_t size : {1, 2, 5, 40}) {
    std::vector<double> theta;
    std::vector<double> upper = {1};
    for (int64_t i = 0; i < size; ++i) theta.push_back(units(random) / 1024.0);
    for (int64_t i = 1; i < size; ++i) upper.push_back(std::abs(units(random)) / 2048.0);
    const std::vector<double> weights = Weights(MakeProblem(theta, upper));
    for (const double shift : {-1.0, 3.0, 1048576.0, std::ldexp(1.0, 42)}) {
      std::vector<double> moved = theta;
      for (double& score : moved) score += shift;
      EXPECT_EQ(Weights(MakeProblem(moved, upper)), weights) << shift;
    }
  }
}

// A sweep may or may not return the rows below the window, and no bit of the others may tell.
TEST(ConstrainedSparsemaxTest, PatternsBelowTheWindowCannotMoveTheWeightsByABit) {
  std::mt19937_64 random(kScoreSeed);
  int bystanders = 0;
  for (const Problem& problem : Problems({2, 7, 64, 500})) {
    SCOPED_TRACE(problem.name);
    const auto size = static_cast<int64_t>(problem.theta.size());
    const ConstrainedSparsemax transform = *ConstrainedSparsemax::Make(problem.upper);
    // The slack of a sweep's cut.
    const double cut = transform.CutFrom(problem.theta, size) - 1e-6;
    const std::vector<double> all = transform.Project(problem.scores()).weights;
    for (const double keep : {0.0, 0.2, 0.8}) {
      Problem some;
      std::vector<double> expected;
      for (size_t i = 0; i < all.size(); ++i) {
        const bool is_member = problem.theta[i] >= cut;
        bystanders += is_member ? 0 : 1;
        if (!is_member) {
          ASSERT_EQ(all[i], 0) << i;
        }
        if (!is_member && std::uniform_real_distribution<double>(0, 1)(random) >= keep) continue;
        some.theta.push_back(problem.theta[i]);
        some.positions.push_back(problem.positions[i]);
        expected.push_back(all[i]);
      }
      ASSERT_EQ(transform.Project(some.scores()).weights, expected) << "keep " << keep;
    }
  }
  EXPECT_GT(bystanders, 10000);
}

// Bounds that sum to 1 only but for rounding leave nothing to the next pattern, wherever that is.
TEST(ConstrainedSparsemaxTest, RoundingOfTheBoundsGivesNobodyAWeight) {
  std::mt19937_64 random(kScoreSeed);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const int count : {3, 10, 49, 1000, 8191}) {
    std::vector<double> theta;
    for (int i = 0; i < count; ++i) theta.push_back(100 + uniform(random));
    for (int i = 0; i < count; ++i) theta.push_back(-uniform(random));
    const Problem problem = MakeProblem(theta, std::vector<double>(2 * count, 1.0 / count));
    const std::vector<double> weights = ById(problem, Weights(problem));
    for (int i = 0; i < count; ++i) ASSERT_NEAR(weights[i], 1.0 / count, 1e-12 / count);
    EXPECT_THAT(std::vector<double>(weights.begin() + count, weights.end()), Each(0.0)) << count;
  }
}

TEST(ConstrainedSparsemaxTest, FenchelYoungLossIsNeverNegativeAndZeroAtThePrediction) {
  std::mt19937_64 random(kScoreSeed);
  std::normal_distribution<double> gaussian;
  for (const Problem& problem : Problems({1, 2, 3, 7, 33})) {
    SCOPED_TRACE(problem.name);
    const ConstrainedSparsemax transform = *ConstrainedSparsemax::Make(problem.upper);
    const Projection found = transform.Project(problem.scores());
    const auto loss = [&](const std::vector<double>& p) {
      std::vector<double> terms = {found.conjugate, transform.Negentropy(p)};
      double magnitude = 1;
      for (size_t i = 0; i < p.size(); ++i) terms.push_back(-p[i] * problem.theta[i]);
      for (const double term : terms) magnitude += std::abs(term);
      return std::pair(std::accumulate(terms.begin(), terms.end(), 0.0),
                       2 * static_cast<double>(terms.size()) * kEpsilon * magnitude);
    };
    const auto [at_prediction, tolerance] = loss(found.weights);
    EXPECT_NEAR(at_prediction, 0, tolerance);
    for (int round = 0; round < 5; ++round) {
      // Another point of the domain: the prediction of other scores.
      std::vector<double> other_by_id(problem.theta.size());
      for (double& score : other_by_id) score = gaussian(random);
      const Problem other = MakeProblem(other_by_id, problem.upper);
      const std::vector<double> by_id = ById(other, Weights(other));
      std::vector<double> point;
      for (const int64_t position : problem.positions) point.push_back(by_id[position]);
      const auto [at_point, slack] = loss(point);
      ASSERT_GE(at_point, -slack) << "round " << round;
    }
  }
}

TEST(ConstrainedSparsemaxTest, NegentropyIsThatOfSparsemax) {
  const ConstrainedSparsemax transform = *ConstrainedSparsemax::Make(std::vector<double>(4, 0.5));
  EXPECT_EQ(transform.Negentropy({0, 1, 0, 0}), 0);
  EXPECT_EQ(transform.Negentropy({0.25, 0.25, 0.25, 0.25}), -0.375);
  EXPECT_EQ(transform.UniformNegentropy(4), -0.375);
  EXPECT_EQ(transform.UniformNegentropy(1), 0);
}

TEST(ConstrainedSparsemaxTest, JacobianProductIsTheDerivative) {
  std::mt19937_64 random(kScoreSeed);
  std::normal_distribution<double> gaussian;
  constexpr double kStep = 1e-7;
  int tried = 0;
  for (const int size : {1, 2, 5, 20}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<double> theta(size);
      std::vector<double> upper(size);
      std::vector<double> v_by_id(size);
      for (int i = 0; i < size; ++i) {
        theta[i] = 0.3 * gaussian(random);
        upper[i] = i == 0 ? 1 : std::uniform_real_distribution<double>(0, 0.5)(random);
        v_by_id[i] = gaussian(random);
      }
      const Problem problem = MakeProblem(theta, upper);
      const std::vector<double> weights = Weights(problem);
      // Not at a kink, where there is no derivative.
      bool smooth = true;
      for (size_t i = 0; i < weights.size(); ++i) {
        smooth &= weights[i] == 0 || weights[i] > 1e-5;
        smooth &= weights[i] == problem.upper_of(i) || weights[i] < problem.upper_of(i) - 1e-5;
      }
      std::vector<double> v(size);
      for (int i = 0; i < size; ++i) v[i] = v_by_id[problem.positions[i]];
      std::vector<double> product(size, -1);
      ConstrainedSparsemax::Make(upper)->JacobianProduct(problem.scores(), weights, v,
                                                         absl::MakeSpan(product));
      std::vector<double> ahead = theta;
      std::vector<double> behind = theta;
      for (int i = 0; i < size; ++i) {
        ahead[i] += kStep * v_by_id[i];
        behind[i] -= kStep * v_by_id[i];
      }
      const Problem before = MakeProblem(behind, upper);
      const Problem after = MakeProblem(ahead, upper);
      const std::vector<double> low = ById(before, Weights(before));
      const std::vector<double> high = ById(after, Weights(after));
      const std::vector<double> derivative = ById(problem, product);
      // Rows without weight may be about to get some.
      for (int i = 0; i < size; ++i) smooth &= (low[i] > 0) == (high[i] > 0);
      if (!smooth) continue;
      ++tried;
      for (int i = 0; i < size; ++i) {
        EXPECT_NEAR(derivative[i], (high[i] - low[i]) / (2 * kStep), 1e-8) << size << " " << round;
      }
    }
  }
  EXPECT_GT(tried, 60);
}

TEST(ConstrainedSparsemaxTest, JacobianIsZeroWhereNoWeightIsFree) {
  const Problem problem = MakeProblem({9, 8, 1}, {0.5, 0.5, 1});
  std::vector<double> product(3, -1);
  ConstrainedSparsemax::Make(problem.upper)
      ->JacobianProduct(problem.scores(), Weights(problem), {1, 2, 3}, absl::MakeSpan(product));
  EXPECT_THAT(product, Each(0.0));
}

// What the bounds are for: each recall leaves less to the next ones, and after N nothing is left.
TEST(ConstrainedSparsemaxTest, FreeRecallUsesUpEveryPattern) {
  std::mt19937_64 random(kScoreSeed);
  std::normal_distribution<double> gaussian;
  std::vector<double> left(12, 1);
  for (size_t recall = 0; recall < left.size(); ++recall) {
    const auto transform = ConstrainedSparsemax::Make(left);
    ASSERT_TRUE(transform.ok()) << recall << " " << transform.status();
    std::vector<double> theta(left.size());
    for (double& score : theta) score = 0.3 * gaussian(random);
    const Problem problem = MakeProblem(theta, left);
    const std::vector<double> weights = ById(problem, Weights(problem));
    for (size_t i = 0; i < left.size(); ++i) left[i] = std::max(0.0, left[i] - weights[i]);
  }
  EXPECT_FALSE(ConstrainedSparsemax::Make(left).ok());
}

}  // namespace
}  // namespace engram
