// Numerical pitfalls that show only where bank, sweep, transformation and stopping come together, and
// defects that implementations of such networks are known to have. docs/numerics.md lists them all, with
// their tests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/dynamics_cases.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr uint64_t kSeed = 61;

class PitfallsTest : public ::testing::Test {
 protected:
  // Rows [count, dim].
  std::vector<float> RandomRows(int64_t count, int64_t dim, float scale = 1) {
    std::normal_distribution<float> normal;
    std::vector<float> rows(count * dim);
    for (float& x : rows) x = scale * normal(random_);
    return rows;
  }
  static std::vector<double> RowOf(const std::vector<float>& rows, int64_t i, int64_t dim) {
    return {rows.begin() + i * dim, rows.begin() + (i + 1) * dim};
  }
  // Answers to all queries of `call`. The engine lets go of the bank before this returns.
  static std::vector<Retrieval> Retrieve(TestBank* bank, const RetrieveCall& call,
                                         std::unique_ptr<TestEngine> engine = TestEngine::Cpu()) {
    const auto result = RetrieveAndWait(engine->get(), (*bank)->Pin(), call);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->retrievals : std::vector<Retrieval>(1);
  }

  std::mt19937_64 random_{kSeed};
};

// x.q of one pattern leads by 1 at 2^24, where float32 has only even numbers.
TEST_F(PitfallsTest, ALeadThatFloat32CannotTellDecides) {
  const std::vector<float> rows = {4096, 1, 4096, 0, 4096, -1};
  const auto float_score = [&](int64_t i) { return rows[2 * i] * rows[0] + rows[2 * i + 1] * rows[1]; };
  volatile float first = float_score(0);
  volatile float second = float_score(1);
  ASSERT_EQ(first, second);
  TestBank bank(2);
  ASSERT_TRUE(bank.Store(rows).ok());
  for (const bool screens : {false, true}) {
    RetrieveCall call;
    call.dynamics.transform = *Entmax::Make(2);
    call.dynamics.tolerance = 0;
    call.states = {4096, 1, 4096, -1};
    call.dynamics.beta = 1;
    const std::vector<Retrieval> at_margin =
        Retrieve(&bank, call, screens ? TestEngine::Cpu() : std::make_unique<TestEngine>());
    ASSERT_EQ(at_margin.size(), 2u);
    EXPECT_THAT(at_margin[0].state, ElementsAre(4096, 1));
    EXPECT_THAT(at_margin[1].state, ElementsAre(4096, -1));
    for (const Retrieval& retrieval : at_margin) {
      EXPECT_TRUE(retrieval.exact);
      EXPECT_EQ(retrieval.separation, 1);
      EXPECT_EQ(retrieval.iterations, 1);
    }
    call.dynamics.beta = 0.999;
    EXPECT_FALSE(Retrieve(&bank, call)[0].exact);
  }
}

// beta |x| |q| is about 10^8: bfloat16 products are off by 10^5, float32 ones by several units, and leads are
// some tens.
TEST_F(PitfallsTest, ExactRetrievalIsRightWhereTheProductDwarfsTheMargin) {
  constexpr int64_t kCount = 60;
  constexpr int64_t kDim = 128;
  std::vector<float> rows = RandomRows(kCount, kDim);
  const std::vector<float> common = RandomRows(1, kDim / 2, 1000);
  for (int64_t i = 0; i < kCount; ++i) std::copy(common.begin(), common.end(), rows.begin() + i * kDim);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  for (const Transform& transform : {Transform(*Entmax::Make(1.5)), Transform(*Entmax::Make(2)),
                                     Transform(*Normmax::Make(2)), Transform(*KSubsets::Make(1))}) {
    SCOPED_TRACE(NameOf(transform));
    RetrieveCall call;
    call.dynamics.transform = transform;
    call.dynamics.beta = 1;
    std::normal_distribution<double> normal(0, 0.1);
    for (int64_t i = 0; i < kCount; ++i) {
      for (int64_t j = 0; j < kDim; ++j) {
        const auto x = static_cast<double>(rows[i * kDim + j]);
        call.states.push_back(static_cast<float>(j < kDim / 2 ? x : x + normal(random_)));
      }
    }
    const std::vector<Retrieval> retrievals = Retrieve(&bank, call);
    ASSERT_EQ(retrievals.size(), static_cast<size_t>(kCount));
    for (int64_t i = 0; i < kCount; ++i) {
      const Retrieval& retrieval = retrievals[i];
      EXPECT_EQ(retrieval.state, RowOf(rows, i, kDim)) << "pattern " << i;
      EXPECT_TRUE(retrieval.exact);
      // The lead by long double, without what all rows have in common.
      long double lead = std::numeric_limits<long double>::infinity();
      for (int64_t other = 0; other < kCount; ++other) {
        if (other == i) continue;
        long double difference = 0;
        for (int64_t j = kDim / 2; j < kDim; ++j) {
          const long double x = rows[i * kDim + j];
          difference += x * (x - static_cast<long double>(rows[other * kDim + j]));
        }
        lead = std::min(lead, difference);
      }
      ASSERT_GT(lead, 2);
      // Each of the two scores rounds at 10^8.
      EXPECT_NEAR(*retrieval.separation, static_cast<double>(lead), 1e-6);
    }
  }
}

// In exact arithmetic the energy falls until a fixed point; rounding makes states of dense maps that go on
// moving by a unit in the last place for ever.
TEST_F(PitfallsTest, DenseMapsThatNeverSettleEndAtTheLimitAndDoNotClimb) {
  constexpr int64_t kDim = 5;
  constexpr int kLimit = 400;
  int moving_count = 0;
  int fixed_count = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const std::vector<float> rows = RandomRows(20, kDim);
    TestBank bank(kDim);
    ASSERT_TRUE(bank.Store(rows).ok());
    for (const Transform& transform : {Transform(Softmax()), Transform(*Entmax::Make(1.0001))}) {
      for (const double beta : {0.1, 0.5, 3.0}) {
        SCOPED_TRACE(testing::Message() << NameOf(transform) << " beta " << beta << " trial " << trial);
        RetrieveCall call;
        call.dynamics.transform = transform;
        call.dynamics.beta = beta;
        call.dynamics.tolerance = 0;
        call.dynamics.max_iterations = kLimit;
        call.states = RowOf(rows, trial % 20, kDim);
        const Retrieval settled = Retrieve(&bank, call).front();
        ASSERT_NE(settled.stop_reason, StopReason::kTolerance);
        // The energy is the difference of numbers of the order of the squared norms.
        const double rounding = 64 * DBL_EPSILON * kDim;
        EXPECT_LE(*settled.energy_after, *settled.energy_before + rounding);
        if (settled.stop_reason == StopReason::kFixedPoint) {
          EXPECT_EQ(settled.residual, 0);
          ++fixed_count;
          continue;
        }
        EXPECT_EQ(settled.iterations, kLimit);
        EXPECT_GT(settled.residual, 0);
        if (settled.residual > 16 * DBL_EPSILON) continue;  // It still converges.
        ++moving_count;
        call.states = settled.state;
        const Retrieval later = Retrieve(&bank, call).front();
        EXPECT_LE(later.residual, 16 * DBL_EPSILON);
        EXPECT_LE(*later.energy_after, *later.energy_before + rounding);
        // A tolerance ends it at once.
        call.dynamics.tolerance = 1e-14;
        const Retrieval tolerant = Retrieve(&bank, call).front();
        EXPECT_EQ(tolerant.stop_reason, StopReason::kTolerance);
        EXPECT_EQ(tolerant.iterations, 1);
      }
    }
  }
  EXPECT_GT(moving_count, 0);
  EXPECT_GT(fixed_count, 0);
}

// eps makes layer normalisation shrink what has variance 1 already: T(x) = x / sqrt(1 + eps).
TEST_F(PitfallsTest, EpsOfLayerNormKeepsNormalisedPatternsFromBeingExact) {
  constexpr int64_t kCount = 10;
  constexpr int64_t kDim = 32;
  constexpr double kEps = 1e-5;
  const LayerNorm norm = *LayerNorm::Make(kEps);
  std::vector<float> rows = RandomRows(kCount, kDim);
  for (int64_t i = 0; i < kCount; ++i) {
    const std::vector<double> normalised = Apply(*LayerNorm::Make(1e-12), RowOf(rows, i, kDim), 1);
    std::copy(normalised.begin(), normalised.end(), rows.begin() + i * kDim);
  }
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  RetrieveCall call;
  call.dynamics.transform = *Entmax::Make(2);
  call.dynamics.post_transform = norm;
  call.dynamics.beta = 10;
  call.states.assign(rows.begin(), rows.end());
  const std::vector<Retrieval> retrievals = Retrieve(&bank, call);
  ASSERT_EQ(retrievals.size(), static_cast<size_t>(kCount));
  for (int64_t i = 0; i < kCount; ++i) {
    const Retrieval& retrieval = retrievals[i];
    EXPECT_THAT(retrieval.weights, ElementsAre(1));
    EXPECT_EQ(retrieval.support.front().id, static_cast<uint64_t>(i));
    EXPECT_EQ(retrieval.stop_reason, StopReason::kFixedPoint);
    EXPECT_FALSE(retrieval.exact);
    EXPECT_FALSE(retrieval.separation.has_value());
    for (int64_t j = 0; j < kDim; ++j) {
      const auto x = static_cast<double>(rows[i * kDim + j]);
      // float32 patterns are normalised to 2^-24 only.
      EXPECT_NEAR(retrieval.state[j] - x, -kEps / 2 * x, 3e-7);
    }
  }
}

// A known implementation loops over the columns of a batch of scores and so treats its first D rows only.
TEST_F(PitfallsTest, EveryQueryOfABatchOfSequencesIsTreated) {
  constexpr int64_t kCount = 12;
  constexpr int64_t kDim = 2;
  constexpr int64_t kBatch = 9;
  const std::vector<float> rows = RandomRows(kCount, kDim);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const std::vector<float> queries = RandomRows(kBatch, kDim, 3);
  for (const double edge : {-0.4, 0.0, 0.6, std::numeric_limits<double>::infinity()}) {
    SCOPED_TRACE(edge);
    RetrieveCall call;
    call.dynamics.transform = *SequentialKSubsets::Make(3, edge);
    call.dynamics.max_iterations = 1;
    call.states.assign(queries.begin(), queries.end());
    const std::vector<Retrieval> together = Retrieve(&bank, call);
    ASSERT_EQ(together.size(), static_cast<size_t>(kBatch));
    for (int64_t b = 0; b < kBatch; ++b) {
      call.states = RowOf(queries, b, kDim);
      const Retrieval alone = Retrieve(&bank, call).front();
      EXPECT_EQ(together[b].state, alone.state);
      EXPECT_EQ(together[b].weights, alone.weights);
      double sum = 0;
      for (const double weight : together[b].weights) sum += weight;
      EXPECT_NEAR(sum, 3, 1e-12);
    }
  }
}

// A known implementation returns zeros here, by an exact comparison of rounded sums.
TEST_F(PitfallsTest, SubsetsOfAllPatternsHaveWeightOneEach) {
  constexpr int64_t kCount = 8;
  constexpr int64_t kDim = 3;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(RandomRows(kCount, kDim)).ok());
  for (const Transform& transform :
       {Transform(*KSubsets::Make(kCount)), Transform(*SequentialKSubsets::Make(kCount, -0.3)),
        Transform(*SequentialKSubsets::Make(kCount, 0.7)),
        Transform(*SequentialKSubsets::Make(kCount, kInfinity))}) {
    for (const double beta : {1e-6, 0.1, 1.0, 7.0, 1e17}) {
      SCOPED_TRACE(testing::Message() << NameOf(transform) << " beta " << beta);
      RetrieveCall call;
      call.dynamics.transform = transform;
      call.dynamics.beta = beta;
      const std::vector<float> queries = RandomRows(10, kDim);
      call.states.assign(queries.begin(), queries.end());
      for (const Retrieval& retrieval : Retrieve(&bank, call)) {
        EXPECT_EQ(retrieval.support_size, kCount);
        EXPECT_THAT(retrieval.weights, Each(1.0));
      }
    }
  }
}

TEST_F(PitfallsTest, OnePatternAndCopiesOfOneAreRecalledByEveryTransformation) {
  const std::vector<float> row = {0.3F, -2, 7};
  for (const int copies : {1, 2, 6}) {
    std::vector<float> rows;
    for (int i = 0; i < copies; ++i) rows.insert(rows.end(), row.begin(), row.end());
    TestBank bank(3);
    ASSERT_TRUE(bank.Store(rows).ok());
    for (const TransformCase& one : ConfinedCases(copies)) {
      for (const double beta : {1e-30, 1.0, 1e30}) {
        SCOPED_TRACE(testing::Message() << copies << " copies, " << one.name << " beta " << beta);
        RetrieveCall call;
        call.dynamics.transform = one.transform;
        call.dynamics.beta = beta;
        call.states = {1, 1, 1};
        const Retrieval retrieval = Retrieve(&bank, call).front();
        const double total = TotalWeight(one.transform);
        for (size_t j = 0; j < row.size(); ++j) {
          const double expected = total * static_cast<double>(row[j]);
          EXPECT_NEAR(retrieval.state[j], expected, 16 * DBL_EPSILON * std::abs(expected));
        }
        EXPECT_TRUE(std::isfinite(*retrieval.energy_after));
      }
    }
  }
}

TEST_F(PitfallsTest, CopiesShareAlikeUnderTheSteepestEntmax) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({3, 4, 3, 4, -1, 0}).ok());
  for (const double alpha : {1e9, 1e16, 1e17, 1e300}) {
    SCOPED_TRACE(alpha);
    RetrieveCall call;
    call.dynamics.transform = *Entmax::Make(alpha);
    call.states = {3, 3.5};
    const Retrieval retrieval = Retrieve(&bank, call).front();
    EXPECT_THAT(retrieval.weights, ElementsAre(0.5, 0.5));
    EXPECT_THAT(retrieval.state, ElementsAre(3, 4));
    EXPECT_TRUE(retrieval.exact);
    EXPECT_EQ(retrieval.required_separation, 1 / (alpha - 1));
    EXPECT_TRUE(std::isfinite(*retrieval.energy_before));
    EXPECT_THAT(*retrieval.energy_after, DoubleNear(0, 1e-8));
  }
}

}  // namespace
}  // namespace engram
