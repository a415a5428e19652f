// What a retrieval says of its exactness: `exact`, `separation`, `required_separation`, `total_weight` and
// `duality_gap`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/plain_update.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using ::testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class CertificateTest : public ::testing::Test {
 protected:
  // The retrieval from `state`. The engine lets go of the bank before this returns.
  static Retrieval Retrieve(TestBank* bank, const Transform& transform, double beta,
                            std::vector<double> state, const PostTransform& post = IdentityPost(),
                            std::unique_ptr<TestEngine> engine = std::make_unique<TestEngine>()) {
    RetrieveCall call;
    call.dynamics.transform = transform;
    call.dynamics.beta = beta;
    call.dynamics.post_transform = post;
    call.dynamics.tolerance = 0;
    call.states = std::move(state);
    const auto result = RetrieveAndWait(engine->get(), (*bank)->Pin(), call);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->retrievals.front() : Retrieval();
  }
  std::vector<float> RandomRows(int64_t count, int64_t dim) {
    std::normal_distribution<float> normal;
    std::vector<float> rows(count * dim);
    for (float& x : rows) x = normal(random_);
    return rows;
  }

  std::mt19937_64 random_{11};
};

// Row i of `rows` [n, dim].
std::vector<double> RowOf(const std::vector<float>& rows, int64_t i, int64_t dim) {
  return {rows.begin() + i * dim, rows.begin() + (i + 1) * dim};
}

// The scores of all of `rows` at `state`, descending.
std::vector<double> SortedScores(const std::vector<float>& rows, const std::vector<double>& state) {
  const auto dim = static_cast<int64_t>(state.size());
  std::vector<double> scores;
  for (int64_t i = 0; i < static_cast<int64_t>(rows.size()) / dim; ++i) {
    scores.push_back(PlainDot(RowOf(rows, i, dim), state));
  }
  std::sort(scores.rbegin(), scores.rend());
  return scores;
}

TEST_F(CertificateTest, SeparationOfAPatternIsItsLeadOverAllOthers) {
  constexpr int64_t kCount = 40;
  constexpr int64_t kDim = 16;
  const std::vector<float> rows = RandomRows(kCount, kDim);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  int exact_count = 0;
  for (const Transform& transform :
       {Transform(*Entmax::Make(1.5)), Transform(*Entmax::Make(2)), Transform(*Entmax::Make(3)),
        Transform(*Normmax::Make(2)), Transform(*Normmax::Make(5)), Transform(*KSubsets::Make(1)),
        Transform(*ConstrainedSparsemax::Make(std::vector<double>(kCount, 1.0)))}) {
    for (int64_t i = 0; i < kCount; ++i) {
      const std::vector<double> pattern = RowOf(rows, i, kDim);
      const Retrieval retrieval = Retrieve(&bank, transform, 2, pattern);
      const std::vector<double> scores = SortedScores(rows, pattern);
      const double required = Margin(transform) / 2;
      const double separation =
          PlainDot(pattern, pattern) - (scores[0] == PlainDot(pattern, pattern) ? scores[1] : scores[0]);
      if (separation < required) {
        EXPECT_NE(retrieval.state, pattern);
        continue;
      }
      ++exact_count;
      EXPECT_TRUE(retrieval.exact);
      EXPECT_EQ(retrieval.state, pattern);
      EXPECT_EQ(retrieval.iterations, 1);
      ASSERT_TRUE(retrieval.separation.has_value());
      EXPECT_NEAR(*retrieval.separation, separation, 1e-13 * scores[0]);
      EXPECT_EQ(retrieval.required_separation, required);
      EXPECT_EQ(retrieval.total_weight, 1);
      EXPECT_FALSE(retrieval.duality_gap.has_value());
    }
  }
  EXPECT_GT(exact_count, 100);
}

TEST_F(CertificateTest, SeparationOfASubsetIsTheLeadOfItsLeastScore) {
  constexpr int64_t kCount = 20;
  constexpr int64_t kDim = 24;
  const std::vector<float> rows = RandomRows(kCount, kDim);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  for (const Transform& transform :
       {Transform(*KSubsets::Make(3)), Transform(*SequentialKSubsets::Make(3, 0))}) {
    SCOPED_TRACE(NameOf(transform));
    std::vector<double> state(kDim);
    for (int64_t i : {2, 3, 11}) {
      for (int64_t j = 0; j < kDim; ++j) state[j] += rows[i * kDim + j];
    }
    const Retrieval retrieval = Retrieve(&bank, transform, 4, state);
    ASSERT_TRUE(retrieval.exact);
    EXPECT_THAT(retrieval.weights, ElementsAre(1, 1, 1));
    EXPECT_EQ(retrieval.total_weight, 3);
    const std::vector<double> scores = SortedScores(rows, retrieval.state);
    ASSERT_TRUE(retrieval.separation.has_value());
    EXPECT_NEAR(*retrieval.separation, scores[2] - scores[3], 1e-13 * scores[0]);
    EXPECT_EQ(retrieval.required_separation, 0.25);
    EXPECT_GE(*retrieval.separation, retrieval.required_separation);
  }
}

TEST_F(CertificateTest, OnlyPatternOfABankIsInfinitelySeparated) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({3, 4}).ok());
  const Retrieval sparse = Retrieve(&bank, *Entmax::Make(1.5), 1e-3, {1, 1});
  EXPECT_TRUE(sparse.exact);
  EXPECT_EQ(sparse.separation, kInfinity);
  EXPECT_EQ(sparse.required_separation, 2 / 1e-3);
  // Softmax retrieves it exactly too, but has no margin that says so.
  const Retrieval dense = Retrieve(&bank, Softmax(), 1e-3, {1, 1});
  EXPECT_TRUE(dense.exact);
  EXPECT_FALSE(dense.separation.has_value());
  const Retrieval all = Retrieve(&bank, *KSubsets::Make(1), 1, {1, 1});
  EXPECT_EQ(all.separation, kInfinity);
}

TEST_F(CertificateTest, SubsetOfAllPatternsIsInfinitelySeparated) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({3, 4, -3, 4, 1, 1}).ok());
  const Retrieval retrieval = Retrieve(&bank, *KSubsets::Make(3), 1, {1, 0});
  EXPECT_TRUE(retrieval.exact);
  EXPECT_THAT(retrieval.state, ElementsAre(1, 9));
  EXPECT_EQ(retrieval.separation, kInfinity);
}

TEST_F(CertificateTest, CopiesAreNotSeparatedYetRetrievedExactly) {
  for (const int copies : {2, 3, 7}) {
    TestBank bank(3);
    std::vector<float> rows = {0, 0, 1};
    for (int i = 0; i < copies; ++i) rows.insert(rows.end(), {0.3F, 0.7F, 0.1F});
    ASSERT_TRUE(bank.Store(rows).ok());
    for (const Transform& transform : {Transform(*Entmax::Make(1.5)), Transform(*Entmax::Make(2)),
                                       Transform(*Normmax::Make(3)), Transform(*KSubsets::Make(1))}) {
      SCOPED_TRACE(testing::Message() << NameOf(transform) << ", " << copies << " copies");
      const Retrieval retrieval = Retrieve(&bank, transform, 100, {0.3, 0.7, 0.1});
      EXPECT_TRUE(retrieval.exact);
      EXPECT_EQ(retrieval.support_size, copies);
      for (const double weight : retrieval.weights) EXPECT_NEAR(weight, 1.0 / copies, 1e-15);
      ASSERT_TRUE(retrieval.separation.has_value());
      EXPECT_EQ(*retrieval.separation, 0);
      EXPECT_GT(retrieval.required_separation, 0);
      // Of the pattern, to the rounding of the shares.
      EXPECT_NEAR(retrieval.state[1], 0.7F, 1e-15);
    }
  }
}

TEST_F(CertificateTest, SubsetThatSharesThreeCopiesIsExact) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 1, 0, 1, 0, 0, 1}).ok());
  const Retrieval retrieval = Retrieve(&bank, *KSubsets::Make(2), 10, {1, 0});
  EXPECT_EQ(retrieval.support_size, 3);
  EXPECT_TRUE(retrieval.exact);
  EXPECT_NEAR(retrieval.state[0], 2, 1e-15);
  EXPECT_EQ(retrieval.separation, 0);
}

TEST_F(CertificateTest, MixtureOfDifferentPatternsIsNotExact) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 0, 1}).ok());
  const Retrieval retrieval = Retrieve(&bank, *Entmax::Make(2), 0.5, {0.5, 0.5});
  EXPECT_EQ(retrieval.stop_reason, StopReason::kFixedPoint);
  EXPECT_FALSE(retrieval.exact);
  EXPECT_FALSE(retrieval.separation.has_value());
}

TEST_F(CertificateTest, SoftmaxHasNoCertificate) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 0, 1}).ok());
  const Retrieval retrieval = Retrieve(&bank, Softmax(), 1e4, {1, 0});
  // exp(-10,000) is 0: the state is exact, and nothing proves it.
  EXPECT_TRUE(retrieval.exact);
  EXPECT_FALSE(retrieval.separation.has_value());
}

TEST_F(CertificateTest, BoundsBelowOneLeaveNoMargin) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 0, 1, -1, 0}).ok());
  const Retrieval retrieval = Retrieve(&bank, *ConstrainedSparsemax::Make({1, 0.5, 0.5}), 10, {1, 0});
  EXPECT_TRUE(retrieval.exact);
  EXPECT_FALSE(retrieval.separation.has_value());
}

TEST_F(CertificateTest, PatternOnItsMarginIsExact) {
  // Separation 1 and a margin of `beta`: both sides are the same double.
  TestBank bank(4);
  ASSERT_TRUE(bank.Store({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}).ok());
  const std::vector<double> pattern = {0, 1, 0, 0};
  for (const Transform& transform :
       {Transform(*Entmax::Make(1.25)), Transform(*Entmax::Make(1.5)), Transform(*Entmax::Make(2)),
        Transform(*Entmax::Make(3)), Transform(*Normmax::Make(1.5)), Transform(*Normmax::Make(2)),
        Transform(*Normmax::Make(5)), Transform(*KSubsets::Make(1))}) {
    SCOPED_TRACE(testing::Message() << NameOf(transform) << " margin " << Margin(transform));
    const double beta = Margin(transform);
    const Retrieval on = Retrieve(&bank, transform, beta, pattern);
    EXPECT_TRUE(on.exact);
    EXPECT_EQ(on.support_size, 1);
    EXPECT_EQ(on.separation, 1);
    EXPECT_EQ(on.required_separation, 1);
    EXPECT_FALSE(Retrieve(&bank, transform, 0.999 * beta, pattern).exact);
  }
  const Retrieval pair = Retrieve(&bank, *KSubsets::Make(2), 1, {0, 1, 1, 0});
  EXPECT_TRUE(pair.exact);
  EXPECT_EQ(pair.separation, pair.required_separation);
  EXPECT_FALSE(Retrieve(&bank, *KSubsets::Make(2), 0.999, {0, 1, 1, 0}).exact);
}

TEST_F(CertificateTest, RunnerUpIsFoundThoughScreeningNeedNotKeepIt) {
  // Row 0 outscores all others by far more than the margin; large enough to be screened.
  constexpr int64_t kCount = 6000;
  constexpr int64_t kDim = 32;
  std::vector<float> rows = RandomRows(kCount, kDim);
  for (int64_t j = 0; j < kDim; ++j) rows[j] *= 10;
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const std::vector<double> pattern = RowOf(rows, 0, kDim);
  const std::vector<double> scores = SortedScores(rows, pattern);
  const Retrieval one = Retrieve(&bank, *Entmax::Make(1.5), 50, pattern, IdentityPost(), TestEngine::Cpu());
  ASSERT_TRUE(one.exact);
  EXPECT_NEAR(*one.separation, scores[0] - scores[1], 1e-12 * scores[0]);
  EXPECT_GT(*one.separation, 100 * one.required_separation);
  // Two rows like that.
  std::vector<float> more = rows;
  for (int64_t j = 0; j < kDim; ++j) more[kDim + j] = -0.9F * rows[j] + rows[2 * kDim + j];
  for (int64_t j = 0; j < kDim / 2; ++j) more[kDim + j] *= -1;
  TestBank pairs(kDim);
  ASSERT_TRUE(pairs.Store(more).ok());
  std::vector<double> sum(kDim);
  for (int64_t j = 0; j < kDim; ++j) {
    sum[j] = static_cast<double>(more[j]) + static_cast<double>(more[kDim + j]);
  }
  const Retrieval two = Retrieve(&pairs, *KSubsets::Make(2), 50, sum, IdentityPost(), TestEngine::Cpu());
  ASSERT_TRUE(two.exact);
  const std::vector<double> pair_scores = SortedScores(more, two.state);
  EXPECT_NEAR(*two.separation, pair_scores[1] - pair_scores[2], 1e-12 * pair_scores[0]);
  EXPECT_GT(*two.separation, 10 * two.required_separation);
}

TEST_F(CertificateTest, SequencesTellTheirDualityGapAndOthersHaveNone) {
  constexpr int64_t kDim = 5;
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(RandomRows(30, kDim)).ok());
  for (const double edge : {-0.5, 0.0, 0.7, kInfinity}) {
    const Retrieval retrieval =
        Retrieve(&bank, *SequentialKSubsets::Make(4, edge), 0.7, std::vector<double>(kDim, 0.4));
    ASSERT_TRUE(retrieval.duality_gap.has_value());
    EXPECT_GE(*retrieval.duality_gap, 0);
    EXPECT_LE(*retrieval.duality_gap, 1e-10);
    EXPECT_EQ(retrieval.total_weight, 4);
    // A lead says which sequence is best only where neighbours do not count.
    if (edge != 0) {
      EXPECT_FALSE(retrieval.separation.has_value());
    }
  }
  EXPECT_FALSE(Retrieve(&bank, *KSubsets::Make(4), 0.7, std::vector<double>(kDim, 0.4)).duality_gap);
}

TEST_F(CertificateTest, TotalWeightOfUnconfinedWeightsIsTheirSum) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 0, 1}).ok());
  // exp(1) and exp(1) at the corner that signs stay in.
  const Retrieval retrieval = Retrieve(&bank, Exponential(), 1, {1, 1}, Sign());
  EXPECT_EQ(retrieval.total_weight, retrieval.weights[0] + retrieval.weights[1]);
  EXPECT_NEAR(retrieval.total_weight, 2 * std::exp(1), 1e-15);
  EXPECT_FALSE(retrieval.separation.has_value());
}

TEST_F(CertificateTest, PatternsInTheRangeOfThePostTransformationAreExact) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, -1, -1, -1}).ok());
  const Retrieval signs = Retrieve(&bank, *Entmax::Make(2), 3, {0.2, -0.4}, Sign());
  EXPECT_TRUE(signs.exact);
  EXPECT_THAT(signs.state, ElementsAre(1, -1));
  EXPECT_EQ(signs.separation, 2);
  // tanh never reaches 1.
  const Retrieval smooth = Retrieve(&bank, *Entmax::Make(2), 3, {0.2, -0.4}, Tanh());
  EXPECT_FALSE(smooth.exact);
}

}  // namespace
}  // namespace engram
