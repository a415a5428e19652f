// One memory after another: Engine::Recall, against the algorithms as they are written down and on banks
// where what must come next is plain.

#include "core/engine/recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/fake_clock.h"
#include "tests/core/engine/plain_update.h"
#include "tests/core/engine/puppet_sweeper.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Vector = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Rows [count, dim], far apart: scores are about dim with themselves and sqrt(dim) with others.
std::vector<float> RandomRows(int64_t count, int64_t dim, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * dim);
  for (float& x : rows) x = normal(random);
  return rows;
}

Vector RowOf(const std::vector<float>& rows, int64_t i, int64_t dim) {
  return {rows.begin() + i * dim, rows.begin() + (i + 1) * dim};
}

std::shared_ptr<Recall> MustBegin(const BankSnapshot& bank, RecallPlan plan, Vector query) {
  auto recall = Recall::Begin(bank, std::move(plan), std::move(query));
  EXPECT_TRUE(recall.ok()) << recall.status();
  return std::shared_ptr<Recall>(*std::move(recall));
}

// The algorithms of Santos et al. (2025), in double precision.
class PlainRecall {
 public:
  struct PlainMemory {
    int64_t position = 0;
    double weight = 0;
    Vector state;
    // By how much the largest weight leads the next one: little means that rounding may choose another.
    double lead = 0;
  };

  PlainRecall(PlainBank bank, RecallPlan plan, Vector query)
      : bank_(std::move(bank)),
        plan_(std::move(plan)),
        state_(std::move(query)),
        upper_(plan_.upper_bounds),
        penalties_(bank_.patterns.size(), 0.0) {
    if (upper_.empty()) upper_.assign(bank_.patterns.size(), 1.0);
  }

  PlainMemory Next() {
    Dynamics dynamics = plan_.dynamics;
    Vector pair;
    int updates = dynamics.max_iterations;
    switch (plan_.mode) {
      case RecallMode::kUsedUp:
        dynamics.transform = *ConstrainedSparsemax::Make(upper_);
        break;
      case RecallMode::kPenalty: {
        const PlainUpdate away = PlainUpdateOfScores(bank_, dynamics, PenalisedScores());
        AddToPenalties(away.weights);
        state_ = away.next;
        --updates;
        break;
      }
      case RecallMode::kSequential: {
        Dynamics turn = dynamics;
        turn.transform = *SequentialKSubsets::Make(2, kInfinity);
        turn.post_transform = IdentityPost();
        const PlainUpdate away = PlainUpdateOfScores(bank_, turn, PenalisedScores());
        pair = away.weights;
        for (size_t j = 0; j < state_.size(); ++j) state_[j] = away.next[j] - state_[j];
        --updates;
        break;
      }
    }
    PlainUpdate update;
    for (int n = 0; n < updates; ++n) {
      update = PlainUpdateOf(bank_, dynamics, state_);
      state_ = update.next;
    }
    for (size_t i = 0; i < update.weights.size(); ++i) {
      upper_[i] = std::max(upper_[i] - update.weights[i], 0.0);
      if (!pair.empty()) pair[i] -= plan_.bonus * update.weights[i];
    }
    if (!pair.empty()) AddToPenalties(pair);
    PlainMemory memory;
    memory.state = state_;
    const auto best = std::max_element(update.weights.begin(), update.weights.end());
    memory.position = best - update.weights.begin();
    memory.weight = *best;
    Vector sorted = update.weights;
    std::sort(sorted.rbegin(), sorted.rend());
    memory.lead = sorted[0] - sorted[1];
    return memory;
  }

 private:
  Vector PenalisedScores() const {
    Vector scores;
    for (size_t i = 0; i < penalties_.size(); ++i) {
      scores.push_back(PlainDot(bank_.patterns[i], state_) - plan_.strength * penalties_[i]);
    }
    return scores;
  }
  void AddToPenalties(const Vector& weights) {
    for (size_t i = 0; i < weights.size(); ++i) {
      penalties_[i] = plan_.decay * weights[i] + (1 - plan_.decay) * penalties_[i];
    }
  }

  const PlainBank bank_;
  const RecallPlan plan_;
  Vector state_;
  Vector upper_;
  Vector penalties_;
};

class RecallTest : public ::testing::Test {
 protected:
  // Up to `count` memories; fewer if the recall is exhausted.
  static std::vector<Memory> Take(const std::shared_ptr<Recall>& recall, int64_t count) {
    const auto engine = TestEngine::Cpu();
    std::vector<Memory> memories;
    while (static_cast<int64_t>(memories.size()) < count && !recall->exhausted()) {
      const auto memory = RecallAndWait(engine->get(), recall);
      EXPECT_TRUE(memory.ok()) << memory.status();
      if (!memory.ok()) break;
      memories.push_back(*memory);
    }
    return memories;
  }
  static std::vector<uint64_t> Ids(const std::vector<Memory>& memories) {
    std::vector<uint64_t> ids;
    for (const Memory& memory : memories) ids.push_back(memory.id);
    return ids;
  }
  // Compares a recall of `count` memories with the plain one.
  static void ExpectPlainMemories(const std::vector<float>& rows, int64_t dim, RecallPlan plan,
                                  const Vector& query, int64_t count) {
    // So that both compute as many updates.
    plan.dynamics.tolerance = 0;
    PlainBank plain_bank;
    for (int64_t i = 0; i < static_cast<int64_t>(rows.size()) / dim; ++i) {
      plain_bank.patterns.push_back(RowOf(rows, i, dim));
    }
    PlainRecall plain(plain_bank, plan, query);
    TestBank bank(dim);
    ASSERT_TRUE(bank.Store(rows).ok());
    const std::vector<Memory> memories = Take(MustBegin(bank->Pin(), plan, query), count);
    ASSERT_EQ(static_cast<int64_t>(memories.size()), count);
    for (const Memory& memory : memories) {
      SCOPED_TRACE(testing::Message() << "memory " << &memory - memories.data());
      const PlainRecall::PlainMemory expected = plain.Next();
      // Of two patterns that share the weight alike, rounding chooses.
      if (expected.lead > 1e-9) {
        EXPECT_EQ(memory.id, static_cast<uint64_t>(expected.position));
      }
      ASSERT_NEAR(memory.weight, expected.weight, 1e-9);
      for (int64_t j = 0; j < dim; ++j) ASSERT_NEAR(memory.state[j], expected.state[j], 1e-8);
      EXPECT_LE(memory.iterations, plan.dynamics.max_iterations);
    }
  }
};

TEST_F(RecallTest, UsedUpRecallsEveryPatternOnceAndIsThenExhausted) {
  constexpr int64_t kCount = 25;
  constexpr int64_t kDim = 64;
  const std::vector<float> rows = RandomRows(kCount, kDim, 1);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const auto recall = MustBegin(bank->Pin(), RecallPlan(), RowOf(rows, 3, kDim));
  const std::vector<Memory> memories = Take(recall, kCount + 5);
  ASSERT_EQ(memories.size(), static_cast<size_t>(kCount));
  EXPECT_TRUE(recall->exhausted());
  EXPECT_EQ(recall->memory_count(), kCount);
  EXPECT_EQ(memories.front().id, 3u);
  std::vector<uint64_t> ids = Ids(memories);
  std::sort(ids.begin(), ids.end());
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_EQ(ids[i], i);
  for (const Memory& memory : memories) {
    EXPECT_EQ(memory.weight, 1);
    EXPECT_EQ(memory.support_size, 1);
    EXPECT_EQ(memory.stop_reason, StopReason::kFixedPoint);
    EXPECT_EQ(memory.state, RowOf(rows, static_cast<int64_t>(memory.id), kDim));
  }
}

TEST_F(RecallTest, UsedUpIsAlgorithm1) {
  int banks = 0;
  for (const int64_t count : {1, 2, 3, 5, 8, 16}) {
    for (const double beta : {0.1, 0.5, 2.0, 20.0}) {
      for (uint64_t seed = 0; seed < 3; ++seed) {
        if (count == 1 && seed > 0) continue;
        SCOPED_TRACE(testing::Message() << count << " patterns, beta " << beta << ", seed " << seed);
        constexpr int64_t kDim = 6;
        const std::vector<float> rows = RandomRows(count, kDim, 100 + seed);
        RecallPlan plan;
        plan.dynamics.beta = beta;
        plan.dynamics.max_iterations = 20;
        if (count == 1) {
          TestBank bank(kDim);
          ASSERT_TRUE(bank.Store(rows).ok());
          EXPECT_THAT(Ids(Take(MustBegin(bank->Pin(), plan, Vector(kDim, 1.0)), 2)), ElementsAre(0));
          continue;
        }
        ++banks;
        ExpectPlainMemories(rows, kDim, plan, RowOf(rows, 0, kDim), count);
      }
    }
  }
  EXPECT_EQ(banks, 60);
}

TEST_F(RecallTest, GivenUpperBoundsSayHowOftenAPatternComes) {
  constexpr int64_t kDim = 32;
  const std::vector<float> rows = RandomRows(4, kDim, 2);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  RecallPlan plan;
  plan.upper_bounds = {2, 0, 1, 1};
  const auto recall = MustBegin(bank->Pin(), plan, RowOf(rows, 0, kDim));
  const std::vector<uint64_t> ids = Ids(Take(recall, 10));
  EXPECT_THAT(ids, testing::UnorderedElementsAre(0, 0, 2, 3));
  EXPECT_EQ(ids[0], 0u);
  EXPECT_EQ(ids[1], 0u);
  EXPECT_TRUE(recall->exhausted());
}

TEST_F(RecallTest, BoundsThatDoNotFillAMemoryAreLeft) {
  constexpr int64_t kDim = 8;
  RecallPlan plan;
  plan.dynamics.beta = 0.4;
  plan.dynamics.max_iterations = 15;
  plan.upper_bounds = {0.7, 0.2, 1.5, 0, 0.3, 0.75};
  // They sum to 3.45: three memories, and less than a weight of 1 is left.
  ExpectPlainMemories(RandomRows(6, kDim, 3), kDim, plan, Vector(kDim, 0.3), 3);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(RandomRows(6, kDim, 3)).ok());
  EXPECT_EQ(Take(MustBegin(bank->Pin(), plan, Vector(kDim, 0.3)), 10).size(), 3u);
}

TEST_F(RecallTest, PenaltyRecallsDistinctMemories) {
  constexpr int64_t kCount = 25;
  constexpr int64_t kDim = 64;
  const std::vector<float> rows = RandomRows(kCount, kDim, 4);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  RecallPlan plan;
  plan.mode = RecallMode::kPenalty;
  plan.dynamics.beta = 10;
  const auto recall = MustBegin(bank->Pin(), plan, RowOf(rows, 7, kDim));
  std::vector<uint64_t> ids = Ids(Take(recall, kCount));
  EXPECT_EQ(ids.front(), 7u);
  EXPECT_FALSE(recall->exhausted());
  std::sort(ids.begin(), ids.end());
  for (uint64_t i = 0; i < kCount; ++i) EXPECT_EQ(ids[i], i);
}

TEST_F(RecallTest, PenaltyIsAlgorithm2) {
  constexpr int64_t kCount = 12;
  constexpr int64_t kDim = 10;
  // Strengths that scores outweigh again after a while, and shares that are forgotten.
  const std::pair<double, double> penalties[] = {{1e9, 1e-3}, {10, 0.5}, {3, 1}, {40, 0.1}};
  for (const auto& [strength, decay] : penalties) {
    for (const double beta : {0.3, 1.0, 5.0}) {
      SCOPED_TRACE(testing::Message() << "strength " << strength << " decay " << decay << " beta " << beta);
      RecallPlan plan;
      plan.mode = RecallMode::kPenalty;
      plan.strength = strength;
      plan.decay = decay;
      plan.dynamics.beta = beta;
      plan.dynamics.transform = *Entmax::Make(1.5);
      plan.dynamics.max_iterations = 20;
      const std::vector<float> rows = RandomRows(kCount, kDim, 5);
      ExpectPlainMemories(rows, kDim, plan, RowOf(rows, 0, kDim), kCount + 3);
    }
  }
}

TEST_F(RecallTest, SequentialWalksFromAPatternThroughItsNeighboursInIdOrder) {
  constexpr int64_t kCount = 20;
  constexpr int64_t kDim = 64;
  const std::vector<float> rows = RandomRows(kCount, kDim, 6);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  RecallPlan plan;
  plan.mode = RecallMode::kSequential;
  const std::vector<Memory> memories = Take(MustBegin(bank->Pin(), plan, RowOf(rows, 0, kDim)), kCount - 1);
  // The query is the first of the sequence; what is recalled comes after it.
  ASSERT_EQ(memories.size(), static_cast<size_t>(kCount - 1));
  for (int64_t i = 1; i < kCount; ++i) {
    EXPECT_EQ(memories[i - 1].id, static_cast<uint64_t>(i));
    EXPECT_EQ(memories[i - 1].state, RowOf(rows, i, kDim));
    EXPECT_EQ(memories[i - 1].weight, 1);
    EXPECT_EQ(memories[i - 1].stop_reason, StopReason::kFixedPoint);
  }
}

TEST_F(RecallTest, SequentialTakesTheNextIdWhereIdsHaveGapsAndCameInAnyOrder) {
  constexpr int64_t kDim = 64;
  const std::vector<uint64_t> ids = {900, 5, 31, 7, 1u << 20, 6, 64, 1000};
  const std::vector<float> rows = RandomRows(static_cast<int64_t>(ids.size()), kDim, 7);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows, ids).ok());
  ASSERT_TRUE(bank->Delete({31}, false).ok());
  RecallPlan plan;
  plan.mode = RecallMode::kSequential;
  const auto recall = MustBegin(bank->Pin(), plan, RowOf(rows, 1, kDim));
  EXPECT_THAT(Ids(Take(recall, 6)), ElementsAre(6, 7, 64, 900, 1000, 1u << 20));
}

TEST_F(RecallTest, SequentialIsAlgorithm3) {
  constexpr int64_t kCount = 9;
  constexpr int64_t kDim = 12;
  struct Turn {
    double strength, decay, bonus;
  };
  for (const Turn& turn : {Turn{1e9, 1e-3, 1.1}, Turn{20, 0.5, 1.1}, Turn{1e3, 0.2, 1}, Turn{5, 0.9, 3}}) {
    for (const double beta : {0.3, 1.0, 4.0}) {
      SCOPED_TRACE(testing::Message() << "strength " << turn.strength << " decay " << turn.decay << " bonus "
                                      << turn.bonus << " beta " << beta);
      RecallPlan plan;
      plan.mode = RecallMode::kSequential;
      plan.strength = turn.strength;
      plan.decay = turn.decay;
      plan.bonus = turn.bonus;
      plan.dynamics.beta = beta;
      plan.dynamics.transform = *Normmax::Make(2);
      plan.dynamics.max_iterations = 20;
      const std::vector<float> rows = RandomRows(kCount, kDim, 8);
      ExpectPlainMemories(rows, kDim, plan, RowOf(rows, 0, kDim), kCount + 4);
    }
  }
}

TEST_F(RecallTest, SequentialKeepsBetaInTheUpdatesAfterThePairAsTheReferenceDoesNot) {
  // Scores of at most 0.09: without beta every pattern would have weight.
  constexpr int64_t kCount = 4;
  std::vector<float> rows(kCount * kCount);
  for (int64_t i = 0; i < kCount; ++i) rows[i * kCount + i] = 0.3F;
  TestBank bank(kCount);
  ASSERT_TRUE(bank.Store(rows).ok());
  RecallPlan plan;
  plan.mode = RecallMode::kSequential;
  plan.dynamics.beta = 100;
  plan.dynamics.transform = *Entmax::Make(2);
  const std::vector<Memory> memories = Take(MustBegin(bank->Pin(), plan, RowOf(rows, 0, kCount)), 3);
  ASSERT_EQ(memories.size(), 3u);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(memories[i].support_size, 1);
    EXPECT_EQ(memories[i].state, RowOf(rows, i + 1, kCount));
  }
}

TEST_F(RecallTest, MemoriesHaveTheValueOfTheirLastUpdate) {
  TestBank bank(2, /*value_dim=*/1);
  const std::vector<float> rows = {4, 0, 0, 4};
  const std::vector<float> values = {10, 20};
  PatternRows batch;
  batch.patterns = {rows.data(), 2, 2};
  batch.values = {values.data(), 2, 1};
  ASSERT_TRUE(bank->Store(batch).ok());
  const std::vector<Memory> memories = Take(MustBegin(bank->Pin(), RecallPlan(), {4, 0}), 2);
  EXPECT_THAT(memories[0].value, ElementsAre(10));
  EXPECT_THAT(memories[1].value, ElementsAre(20));
}

TEST_F(RecallTest, KeepsTheVersionAtWhichItBegan) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({4, 0, 0, 4}).ok());
  const auto recall = MustBegin(bank->Pin(), RecallPlan(), {4, 0});
  ASSERT_TRUE(bank->Delete({1}, false).ok());
  ASSERT_TRUE(bank.Store({9, 9}).ok());
  EXPECT_THAT(Ids(Take(recall, 5)), ElementsAre(0, 1));
}

TEST_F(RecallTest, PlanMustFitTheBank) {
  TestBank bank(2);
  const auto begin = [&](const RecallPlan& plan) {
    return Recall::Begin(bank->Pin(), plan, {1, 0}).status();
  };
  EXPECT_EQ(begin(RecallPlan()).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(bank.Store({1, 0}).ok());
  RecallPlan sequential;
  sequential.mode = RecallMode::kSequential;
  EXPECT_EQ(begin(sequential).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindErrorDetails(begin(sequential))->field, "sequential");
  RecallPlan bounded;
  bounded.upper_bounds = {1, 1};
  EXPECT_EQ(begin(bounded).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FindErrorDetails(begin(bounded))->field, HasSubstr("constrained_sparsemax"));
  bounded.upper_bounds = {0.5};
  EXPECT_EQ(begin(bounded).code(), absl::StatusCode::kInvalidArgument);
  bounded.upper_bounds = {1};
  EXPECT_TRUE(begin(bounded).ok());
}

// The ends of what a plan may ask for, on patterns of one dimension: most of them copies of others, so that
// there are ties at every place.
TEST_F(RecallTest, ExtremesOfAPlanGiveFiniteMemories) {
  const std::vector<float> rows = {1, 1, -1, 2, 2, -1};
  constexpr auto kCount = 6;
  TestBank bank(1);
  ASSERT_TRUE(bank.Store(rows).ok());
  struct Extreme {
    double strength, decay, bonus, beta;
  };
  std::vector<Extreme> extremes = {{1e9, 1e-3, 1.1, 1e17}};
  for (const double strength : {1e-30, 1e9, 1e30}) {
    for (const double decay : {1e-300, 1.0}) {
      for (const double bonus : {1.0, 1e6}) {
        for (const double beta : {1e-30, 1.0, 1e30}) extremes.push_back({strength, decay, bonus, beta});
      }
    }
  }
  const std::vector<Transform> transforms = {*Entmax::Make(1.5), *Entmax::Make(2), Softmax(),
                                             *Normmax::Make(5), *KSubsets::Make(2)};
  for (const RecallMode mode : {RecallMode::kUsedUp, RecallMode::kPenalty, RecallMode::kSequential}) {
    for (const Extreme& extreme : extremes) {
      for (const Transform& transform : transforms) {
        // They are for the other modes.
        const bool is_used_up = mode == RecallMode::kUsedUp;
        if (is_used_up && !(extreme.strength == 1e9 && NameOf(transform) == NameOf(Softmax()))) continue;
        for (const double query : {1.0, 0.0, 1e30}) {
          SCOPED_TRACE(testing::Message()
                       << "mode " << static_cast<int>(mode) << " strength " << extreme.strength << " decay "
                       << extreme.decay << " bonus " << extreme.bonus << " beta " << extreme.beta << " "
                       << NameOf(transform) << " query " << query);
          RecallPlan plan;
          plan.mode = mode;
          plan.strength = extreme.strength;
          plan.decay = extreme.decay;
          plan.bonus = extreme.bonus;
          plan.dynamics.beta = extreme.beta;
          plan.dynamics.transform = transform;
          plan.dynamics.max_iterations = 10;
          const std::vector<Memory> memories = Take(MustBegin(bank->Pin(), plan, {query}), kCount);
          ASSERT_EQ(memories.size(), static_cast<size_t>(kCount));
          for (const Memory& memory : memories) {
            ASSERT_TRUE(std::isfinite(memory.state[0]));
            // A combination of the patterns.
            EXPECT_LE(std::abs(memory.state[0]), 2 * TotalWeight(transform) * (1 + 1e-12));
            EXPECT_GT(memory.weight, 0);
            EXPECT_LE(memory.weight, 1);
            EXPECT_LT(memory.id, static_cast<uint64_t>(kCount));
            EXPECT_GE(memory.support_size, 1);
            EXPECT_LE(memory.support_size, kCount);
          }
        }
      }
    }
  }
}

class StoppedRecallTest : public ::testing::Test {
 protected:
  StoppedRecallTest() : bank_(2) { EXPECT_TRUE(bank_.Store({4, 0, 0, 4}).ok()); }
  // A test that fails must not leave the engine waiting.
  ~StoppedRecallTest() override { sweeper_.Allow(PuppetSweeper::kAll); }

  RecallCall Call() {
    RecallCall call;
    call.recall = MustBegin(bank_->Pin(), RecallPlan(), {2, 1});
    return call;
  }

  TestBank bank_;
  PuppetSweeper sweeper_;
  ThreadPool pool_{0};
  FakeClock clock_;
  Engine engine_{EngineOptions(), &sweeper_, &pool_, &clock_};
};

TEST_F(StoppedRecallTest, CancelledRecallLeavesAtTheNextSweep) {
  auto cancellation = std::make_shared<Cancellation>();
  RecallCall call = Call();
  call.cancellation = cancellation;
  Answer<Memory> answer;
  ASSERT_TRUE(engine_.Recall(call, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  cancellation->Cancel();
  sweeper_.Allow(1);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kCancelled);
  engine_.Drain();
  EXPECT_EQ(sweeper_.records().size(), 1u);
  EXPECT_EQ(call.recall->memory_count(), 0);
}

TEST_F(StoppedRecallTest, ExpiredRecallLeavesAtTheNextSweep) {
  RecallCall call = Call();
  call.deadline = clock_.Now() + absl::Seconds(10);
  Answer<Memory> answer;
  ASSERT_TRUE(engine_.Recall(call, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  clock_.Advance(10);
  sweeper_.Allow(1);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kDeadlineExceeded);
  engine_.Drain();
  EXPECT_EQ(sweeper_.records().size(), 1u);
}

TEST_F(StoppedRecallTest, FailedSweepFailsTheRecall) {
  sweeper_.FailWith(absl::UnavailableError("device lost"));
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_EQ(RecallAndWait(&engine_, Call().recall).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace engram
