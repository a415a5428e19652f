#include "core/transform/k_subsets.h"

#include <cfloat>
#include <cmath>
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

std::vector<double> Subsets(int64_t k, const std::vector<double>& scores) {
  return WeightsOf(*KSubsets::Make(k), scores);
}

TEST(KSubsetsTest, MakeRejectsWhatIsNoSubsetSize) {
  for (const int64_t k : {int64_t{0}, int64_t{-1}, int64_t{1'000'001}, std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max()}) {
    const absl::Status status = KSubsets::Make(k).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << k;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("got ", k)));
    EXPECT_EQ(FindErrorDetails(status)->field, "k");
  }
  EXPECT_EQ(KSubsets::Make(1)->k(), 1);
  EXPECT_EQ(KSubsets::Make(1'000'000)->k(), 1'000'000);
}

TEST(KSubsetsTest, BankMustHaveKPatterns) {
  const KSubsets subsets = *KSubsets::Make(5);
  EXPECT_TRUE(subsets.ValidateFor(5).ok());
  EXPECT_TRUE(subsets.ValidateFor(6).ok());
  EXPECT_EQ(subsets.ValidateFor(4).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(subsets.ValidateFor(4).message()), HasSubstr("1 to 4"));
  EXPECT_EQ(subsets.ValidateFor(0).code(), absl::StatusCode::kInvalidArgument);
}

// An active-set projection that compares floats for equality returns zeros on some of these.
TEST(KSubsetsTest, AllOfNHaveWeightOne) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> gaussian;
  for (const int64_t size : {1, 2, 8, 100}) {
    for (const double scale : {1e-8, 1.0, 5.0, 1e17}) {
      std::vector<double> scores(size);
      for (double& score : scores) score = scale * gaussian(random);
      std::sort(scores.begin(), scores.end(), std::greater<double>());
      EXPECT_THAT(Subsets(size, scores), Each(1.0)) << "seed 7, N=" << size << ", scale " << scale;
    }
  }
}

TEST(KSubsetsTest, ATieAtTheKthPlaceIsSplitEvenly) {
  const double third = 2.0 / 3;
  EXPECT_THAT(Subsets(2, {4, 4, 4}), ElementsAre(third, third, third));
  EXPECT_THAT(Subsets(2, {9, 4, 4, 4, 1}), ElementsAre(1, 1.0 / 3, 1.0 / 3, 1.0 / 3, 0));
  EXPECT_THAT(Subsets(2, {1e17, 1e17, 1e17, -1e17}), ElementsAre(third, third, third, 0));
}

TEST(KSubsetsTest, AGapOfOneIsIntegralAndTheTieAtItsEndGetsExactlyZero) {
  EXPECT_THAT(Subsets(2, {2.5, 1, 0, 0, -3}), ElementsAre(1, 1, 0, 0, 0));
  const std::vector<double> below = Subsets(2, {2.5, 1, 1e-9, -3});
  EXPECT_EQ(below[0], 1);
  EXPECT_NEAR(below[1], 1 - 5e-10, DBL_EPSILON);
  EXPECT_NEAR(below[2], 5e-10, DBL_EPSILON);
}

// Newton's method without a bracket jumps to and fro between two thresholds here.
TEST(KSubsetsTest, SolvesWherePlainNewtonCycles) {
  EXPECT_THAT(Subsets(2, {1, 1, 0.5, -2}),
              ElementsAre(DoubleNear(5.0 / 6, DBL_EPSILON), DoubleNear(5.0 / 6, DBL_EPSILON),
                          DoubleNear(1.0 / 3, DBL_EPSILON), 0));
}

// A bisection whose bracket is as wide as the scores loses these sums; a threshold at the scores'
// offset loses their digits.
TEST(KSubsetsTest, WeightsSumToKWhateverTheRangeOfTheScores) {
  for (const double range : {1.0, 1e9, 1e14, 1e300}) {
    const std::vector<double> weights = Subsets(3, {range, 0.75, 0.5, 0.25, 0, -range});
    EXPECT_EQ(weights[0], 1);
    EXPECT_EQ(weights[5], 0);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 3, 4 * DBL_EPSILON) << range;
    EXPECT_NEAR(weights[1], 0.875, 2 * DBL_EPSILON) << range;
  }
  EXPECT_EQ(Subsets(3, {1e6 + 2, 1e6 + 0.75, 1e6 + 0.5, 1e6 + 0.25, 1e6}),
            Subsets(3, {2, 0.75, 0.5, 0.25, 0}));
}

TEST(KSubsetsTest, DuplicatesOfOnePatternShareAlike) {
  EXPECT_THAT(Subsets(3, std::vector<double>(12, -0.3)), Each(0.25));
}

// With k - 1 rows at 1 and a crowd that shares the last unit, each row's share is known. The crowd's scores
// must not be summed about a far one: that loses a digit for each tenfold of the crowd.
TEST(KSubsetsTest, ACrowdOfAMillionKeepsTwelveDigits) {
  constexpr int64_t kCrowd = 1'000'000;
  for (const int64_t k : {1, 3}) {
    std::vector<double> scores(kCrowd + k, 0.0);
    std::fill_n(scores.begin(), k - 1, 5.0);
    scores[k - 1] = 0.7;
    const std::vector<double> weights = Subsets(k, scores);
    const double share = 0.3 / static_cast<double>(kCrowd + 1);
    EXPECT_NEAR(weights[k - 1], 0.7 + share, 1e-12);
    EXPECT_NEAR(weights[k], share, 1e-12 * share);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0L), k, 1e-12);
  }
}

TEST(KSubsetsTest, NegentropyIsZeroAtSubsetsAndItsReferenceLessHalfK) {
  const KSubsets subsets = *KSubsets::Make(2);
  EXPECT_EQ(subsets.Negentropy({1, 1, 0}), 0);
  EXPECT_DOUBLE_EQ(subsets.Negentropy({1, 0.75, 0.25}), (1 + 0.5625 + 0.0625) / 2 - 1);
  EXPECT_DOUBLE_EQ(subsets.UniformNegentropy(8), 8 * (0.25 * 0.25) / 2 - 1);
}

// <p, theta> loses the part of order 1; the sum about theta_(k) keeps it until the end.
TEST(KSubsetsTest, ConjugateKeepsItsDigitsAtLargeScores) {
  const KSubsets subsets = *KSubsets::Make(2);
  const std::vector<double> scores = {1, 0.75, 0.5};
  const std::vector<double> weights = Subsets(2, scores);
  const double offset = std::ldexp(1.0, 40);
  EXPECT_NEAR(subsets.Conjugate({offset + 1, offset + 0.75, offset + 0.5}, weights) - 2 * offset,
              subsets.Conjugate(scores, weights), std::ldexp(1.0, -12));
}

}  // namespace
}  // namespace engram
