// A sweep may leave out rows below the cut: these tests try to lose a row that matters.

#include "core/transform/cut.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"
#include "tests/core/transform/transform_cases.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kBetas[] = {1e-30, 0.3, 1, 1e5, 1e30};

void SortDescending(std::vector<double>* values) {
  std::sort(values->begin(), values->end(), std::greater<double>());
}

// What a retrieval projects: beta x.q.
std::vector<double> Scaled(double beta, std::vector<double> scores) {
  for (double& score : scores) score *= beta;
  return scores;
}

// `scores` and, around their threshold and around the cut's slack below it, rows that only just have weight
// or only just have none, at distances from one unit in the last place to `farthest` windows.
std::vector<double> CrowdTheThreshold(const Transform& transform, std::vector<double> scores,
                                      double farthest) {
  const auto size = static_cast<int64_t>(scores.size());
  const Window window = WindowFor(transform, size);
  const double threshold = CutFrom(transform, scores, size);
  for (const double center : {threshold, threshold - 1e-6 * window.width}) {
    for (double distance = 1e-16; distance < 2 * farthest; distance *= 10) {
      scores.push_back(center + distance * window.width);
      scores.push_back(center - distance * window.width);
    }
    scores.push_back(center);
    scores.push_back(center);
    scores.push_back(std::nextafter(center, kInfinity));
    scores.push_back(std::nextafter(center, -kInfinity));
  }
  SortDescending(&scores);
  return scores;
}

// A random part of `scores`, each lowered by a share of up to `width`: lower bounds of some of them.
std::vector<double> LowerBounds(const std::vector<double>& scores, double keep, double width,
                                std::mt19937_64* random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> bounds;
  const double share = std::pow(10.0, -16 * uniform(*random));
  for (const double score : scores) {
    if (uniform(*random) < keep) bounds.push_back(score - uniform(*random) * share * width);
  }
  SortDescending(&bounds);
  return bounds;
}

// The scores that are clear of the threshold: they fix it almost, and know nothing of the rows beside it.
std::vector<double> ClearOfTheThreshold(const Transform& transform, double beta,
                                        const std::vector<double>& scores, double distance) {
  const std::vector<double> theta = Scaled(beta, scores);
  const auto size = static_cast<int64_t>(scores.size());
  const double clear = CutFrom(transform, theta, size) + distance * WindowFor(transform, size).width;
  std::vector<double> bounds;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (theta[i] > clear) bounds.push_back(scores[i]);
  }
  return bounds;
}

// Calls check(transform, beta, scores, bounds) with adversarial scores and lower bounds of them.
template <typename Check>
void ForEachAttack(const std::vector<int64_t>& sizes, const Check& check) {
  std::mt19937_64 random(kScoreSeed);
  for (const ScoreCase& base : ScoreCases(sizes)) {
    for (const Transform& transform : TransformCases(static_cast<int64_t>(base.scores.size()))) {
      SCOPED_TRACE(Describe(transform) + " of " + base.name);
      // The far rows move the threshold, the near ones then stay by it.
      const std::vector<double> theta =
          CrowdTheThreshold(transform, CrowdTheThreshold(transform, base.scores, 1e-2), 1e-7);
      for (const double beta : kBetas) {
        SCOPED_TRACE(::testing::Message() << "beta " << beta);
        std::vector<double> scores = theta;
        for (double& score : scores) score /= beta;
        const double width = WindowFor(transform, static_cast<int64_t>(scores.size())).width / beta;
        check(transform, beta, scores, scores);
        check(transform, beta, scores, LowerBounds(scores, 1.0, width, &random));
        check(transform, beta, scores, LowerBounds(scores, 0.3, width, &random));
        check(transform, beta, scores, ClearOfTheThreshold(transform, beta, scores, 3e-12));
        check(transform, beta, scores, ClearOfTheThreshold(transform, beta, scores, 3e-8));
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(CutTest, EveryRowWithWeightIsAboveTheCut) {
  ForEachAttack({1, 3, 20}, [](const Transform& transform, double beta, const std::vector<double>& scores,
                               const std::vector<double>& bounds) {
    if (std::holds_alternative<Softmax>(transform)) return;  // Below, as the mass it leaves out.
    const double cut = Cut(transform, beta, static_cast<int64_t>(scores.size())).From(bounds);
    const std::vector<double> weights = WeightsOf(transform, Scaled(beta, scores));
    for (size_t i = 0; i < scores.size() && weights[i] > 0; ++i) ASSERT_GE(scores[i], cut) << i;
  });
}

// The rows most likely to be lost are those just below the cut.
TEST(CutTest, RowsJustBelowTheCutHaveNoWeight) {
  ForEachAttack({1, 3, 20}, [](const Transform& transform, double beta, const std::vector<double>& scores,
                               const std::vector<double>& bounds) {
    if (std::holds_alternative<Softmax>(transform) || bounds.empty()) return;
    const double cut = Cut(transform, beta, static_cast<int64_t>(scores.size())).From(bounds);
    if (cut == -kInfinity) return;
    std::vector<double> more;
    double below = cut;
    for (int i = 0; i < 4; ++i) more.push_back(below = std::nextafter(below, -kInfinity));
    more.push_back(below - 4 * DBL_EPSILON * std::abs(bounds[0]));
    // Without the rows beside the threshold, which would only raise it.
    more.insert(more.end(), bounds.begin(), bounds.end());
    SortDescending(&more);
    const std::vector<double> weights = WeightsOf(transform, Scaled(beta, more));
    for (size_t i = 0; i < more.size(); ++i) {
      if (more[i] < cut) {
        ASSERT_EQ(weights[i], 0) << i;
      }
    }
  });
}

// The promise behind every backend: whichever rows below the cut a sweep returns, the weights
// of the others have the same bits.
TEST(CutTest, RowsBelowTheCutCannotMoveTheWeightsByABit) {
  std::mt19937_64 random(kScoreSeed);
  ForEachAttack({1, 3, 20}, [&](const Transform& transform, double beta, const std::vector<double>& scores,
                                const std::vector<double>& bounds) {
    if (std::holds_alternative<Softmax>(transform)) return;  // Its members are the rows above the cut.
    const double cut = Cut(transform, beta, static_cast<int64_t>(scores.size())).From(bounds);
    const std::vector<double> theta = Scaled(beta, scores);
    const std::vector<double> weights = WeightsOf(transform, theta);
    const auto members = static_cast<size_t>(
        std::partition_point(scores.begin(), scores.end(), [&](double score) { return score >= cut; }) -
        scores.begin());
    for (size_t size = members; size <= theta.size(); size += 1 + (size - members) / 4) {
      const absl::Span<const double> some = absl::MakeConstSpan(theta).first(size);
      ASSERT_EQ(WeightsOf(transform, some), std::vector<double>(weights.begin(), weights.begin() + size))
          << members << " members of " << theta.size() << ", " << size << " returned";
    }
    // Not only the best of the bystanders may be there.
    std::vector<double> some(theta.begin(), theta.begin() + members);
    for (size_t i = members; i < theta.size(); ++i) {
      if (random() % 2 == 0) some.push_back(theta[i]);
    }
    std::vector<double> expected(weights.begin(), weights.begin() + members);
    expected.resize(some.size(), 0.0);
    ASSERT_EQ(WeightsOf(transform, some), expected);
  });
}

// Scores so far away that their distance overflows are bystanders like any other.
TEST(CutTest, BystandersAtTheEndsOfTheRangeChangeNothing) {
  for (const Transform& transform : TransformCases(4)) {
    SCOPED_TRACE(Describe(transform));
    for (const std::vector<double>& members :
         {std::vector<double>{1, 0.75, 0.5, 0.25}, std::vector<double>(4, DBL_MAX)}) {
      std::vector<double> scores = members;
      std::vector<double> expected = WeightsOf(transform, scores);
      for (const double far : {-1e6, -1e100, -DBL_MAX, -DBL_MAX}) {
        scores.push_back(far);
        expected.push_back(0);
        EXPECT_EQ(WeightsOf(transform, scores), expected);
      }
    }
  }
}

TEST(CutTest, SoftmaxLeavesOutLessThanADoubleCanTell) {
  for (const ScoreCase& scores : ScoreCases({2, 30, 500})) {
    SCOPED_TRACE(scores.name);
    const auto size = static_cast<int64_t>(scores.scores.size());
    for (const double beta : {0.01, 1.0, 40.0}) {
      const double cut = Cut(Softmax(), beta, size).From(scores.scores);
      const std::vector<double> weights = WeightsOf(Softmax(), Scaled(beta, scores.scores));
      double left_out = 0;
      for (size_t i = 0; i < weights.size(); ++i) {
        if (scores.scores[i] < cut) left_out += weights[i];
      }
      EXPECT_LE(left_out, DBL_EPSILON / 2);
    }
  }
}

// Rounding apart: it is a small share of the slack, which is 1e-6 of the window.
TEST(CutTest, MoreOrBetterBoundsNeverLowerTheCut) {
  std::mt19937_64 random(kScoreSeed);
  ForEachAttack({1, 3, 20}, [&](const Transform& transform, double beta, const std::vector<double>& scores,
                                const std::vector<double>& bounds) {
    const Cut cut(transform, beta, static_cast<int64_t>(scores.size()));
    if (static_cast<int64_t>(bounds.size()) < cut.rank()) return;
    const double width = WindowFor(transform, static_cast<int64_t>(scores.size())).width / beta;
    const double best = cut.From(bounds);
    const double rounding =
        1e-9 * width + std::ldexp(std::abs(bounds[cut.rank() - 1]) + std::abs(scores[cut.rank() - 1]), -49);
    // Each bound of `fewer` has one in `bounds` that is at least as good.
    std::vector<double> fewer = LowerBounds(bounds, 0.7, width, &random);
    ASSERT_LE(cut.From(fewer), best + rounding);
    if (static_cast<int64_t>(fewer.size()) > cut.rank()) {
      fewer.pop_back();
      ASSERT_LE(cut.From(fewer), best + rounding);
    }
    ASSERT_LE(best, cut.From(scores) + rounding);
  });
}

TEST(CutTest, CutIsNoLowerThanTheWindowAndItsSlack) {
  ForEachAttack({1, 3, 20}, [](const Transform& transform, double beta, const std::vector<double>& scores,
                               const std::vector<double>& bounds) {
    const Cut cut(transform, beta, static_cast<int64_t>(scores.size()));
    if (static_cast<int64_t>(bounds.size()) < cut.rank()) return;
    const Window window = WindowFor(transform, static_cast<int64_t>(scores.size()));
    const double reference = bounds[window.rank - 1];
    const double width = window.width / beta;
    const double found = cut.From(bounds);
    // The row that comes after the transformation's rank is kept wherever it is.
    ASSERT_GE(found, std::min(bounds[cut.rank() - 1],
                              reference - (1 + 2e-6) * width - std::ldexp(std::abs(reference), -49)));
    ASSERT_LE(found, reference);
  });
}

TEST(CutTest, FewerBoundsThanTheRankGiveNoCut) {
  for (const Transform& transform : TransformCases(10)) {
    SCOPED_TRACE(Describe(transform));
    const Cut cut(transform, 2.0, 10);
    EXPECT_EQ(cut.rank(), std::min<int64_t>(10, WindowFor(transform, 10).rank + 1));
    std::vector<double> bounds;
    for (int64_t i = 0; i < cut.rank(); ++i) {
      EXPECT_EQ(cut.From(bounds), -kInfinity) << i;
      bounds.push_back(-0.5 * static_cast<double>(i));
    }
    EXPECT_GT(cut.From(bounds), -kInfinity);
  }
}

TEST(CutTest, OneBoundGivesTheWindow) {
  for (const Transform& transform : TransformCases(1)) {
    SCOPED_TRACE(Describe(transform));
    for (const double beta : kBetas) {
      const double width = WindowFor(transform, 1).width / beta;
      EXPECT_NEAR(Cut(transform, beta, 1).From({0.5}), 0.5 - width, 2e-6 * width + 1e-15);
    }
  }
}

// A bound beyond the rank lowers no cut however low it is, and the best k - 1 say nothing about the k-th.
TEST(CutTest, HopelessBoundsAreIgnored) {
  const Cut cut(*KSubsets::Make(2), 1.0, 100);
  const double expected = cut.From({5, 4, 3.5});
  EXPECT_NEAR(expected, 3.25, 1e-5);
  EXPECT_EQ(cut.From({5, 4, 3.5, -1e300, -DBL_MAX}), expected);
  EXPECT_EQ(cut.From({DBL_MAX, 4, 3.5, -DBL_MAX}), expected);
}

// Its distance certifies an exact answer.
TEST(CutTest, TheRowAfterTheRankIsKeptHoweverFarBehindItIs) {
  EXPECT_EQ(Cut(*Entmax::Make(2), 1.0, 100).From({5, -7, -9}), -7);
  EXPECT_EQ(Cut(*KSubsets::Make(2), 1.0, 100).From({5, 4, -7, -9}), -7);
  EXPECT_NEAR(Cut(*KSubsets::Make(2), 1.0, 2).From({5, 4}), 3, 1e-5);
}

TEST(CutTest, TheLargestAreKeptAlone) {
  const Cut cut = Cut::Largest(2);
  EXPECT_EQ(cut.rank(), 2);
  EXPECT_EQ(cut.From({5}), -kInfinity);
  EXPECT_EQ(cut.From({5, 3, 2}), 3);
}

TEST(CutTest, NothingIsLeftOutWhereEveryRowCounts) {
  for (const Transform& transform :
       std::vector<Transform>{Identity(), *Polynomial::Make(3, false), Exponential(),
                              *SequentialKSubsets::Make(2, std::numeric_limits<double>::infinity())}) {
    SCOPED_TRACE(Describe(transform));
    EXPECT_EQ(Cut(transform, 1.0, 5).From({5, 4, 3, 2, 1}), -kInfinity);
  }
  EXPECT_EQ(Cut::Everything().From({5, 4, 3, 2, 1}), -kInfinity);
}

// A crowd of equal scores shares the weight, so that a threshold close below it leaves out what the window
// keeps.
TEST(CutTest, ACrowdSharpensTheCut) {
  const std::vector<double> crowd(1000, 0.25);
  EXPECT_NEAR(Cut(*Entmax::Make(2), 1.0, 5000).From(crowd), 0.25 - 1e-3, 2e-6);
  EXPECT_NEAR(Cut(*Entmax::Make(1.5), 1.0, 5000).From(crowd), 0.25 - 2 / std::sqrt(1000.0), 4e-6);
  EXPECT_NEAR(Cut(*KSubsets::Make(10), 1.0, 5000).From(crowd), 0.25 - 1e-2, 2e-6);
}

}  // namespace
}  // namespace engram
