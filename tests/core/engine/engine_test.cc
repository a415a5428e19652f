#include "core/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/engine/sweep_plan.h"
#include "tests/core/engine/answer.h"
#include "tests/core/engine/puppet_engine_test.h"

namespace engram {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class EngineTest : public PuppetEngineTest {
 protected:
  std::vector<size_t> BatchSizes() {
    std::vector<size_t> sizes;
    for (const PuppetSweeper::Record& record : sweeper_.records()) sizes.push_back(record.state_count);
    return sizes;
  }
};

TEST_F(EngineTest, RecallsAPatternExactly) {
  sweeper_.Allow(PuppetSweeper::kAll);
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), Query());
  ASSERT_TRUE(result.ok());
  const Retrieval& retrieval = result->retrievals[0];
  EXPECT_THAT(retrieval.state, ElementsAre(1, 0));
  EXPECT_EQ(retrieval.stop_reason, StopReason::kFixedPoint);
  EXPECT_TRUE(retrieval.exact);
  EXPECT_EQ(retrieval.iterations, 2);
  EXPECT_EQ(retrieval.sweeps, 2);
  EXPECT_EQ(retrieval.residual, 0);
  EXPECT_LT(*retrieval.energy_after, *retrieval.energy_before);
}

TEST_F(EngineTest, QueryJoinsTheNextSweepAndLeavesWhenDone) {
  Answer<RetrieveResult> first;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), first.Taker()).ok());
  sweeper_.AwaitBegun(1);
  Answer<RetrieveResult> second;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query({0.1, 0.9}), second.Taker()).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(second.Await().ok());
  // The first alone, both, the second alone: each needs two.
  EXPECT_THAT(BatchSizes(), ElementsAre(1, 2, 1));
}

TEST_F(EngineTest, MixedDynamicsAndKindsShareASweep) {
  Answer<RetrieveResult> blocker;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), blocker.Taker()).ok());
  sweeper_.AwaitBegun(1);
  RetrieveCall softmax = Query();
  softmax.dynamics.transform = Softmax();
  softmax.dynamics.max_iterations = 1;
  softmax.with_energy = false;
  RetrieveCall top_two = Query();
  top_two.dynamics.transform = *KSubsets::Make(2);
  Answer<RetrieveResult> dense;
  Answer<RetrieveResult> pair;
  Answer<EnergyResult> energy;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), softmax, dense.Taker()).ok());
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), top_two, pair.Taker()).ok());
  ASSERT_TRUE(engine_.Energy(bank_->Pin(), Query(), energy.Taker()).ok());
  sweeper_.Allow(2);
  EXPECT_TRUE(blocker.Await().ok());
  EXPECT_EQ(dense.Await()->retrievals[0].support_size, 3);
  EXPECT_TRUE(energy.Await().ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_EQ(pair.Await()->retrievals[0].support_size, 2);
  EXPECT_EQ(BatchSizes()[1], 4u);
}

TEST_F(EngineTest, StoppedByTheLimitNeedsOneMoreSweepForItsEnergyOnly) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall call = Query();
  call.dynamics.max_iterations = 1;
  const auto with = RetrieveAndWait(&engine_, bank_->Pin(), call);
  call.with_energy = false;
  const auto without = RetrieveAndWait(&engine_, bank_->Pin(), call);
  EXPECT_EQ(with->retrievals[0].stop_reason, StopReason::kLimit);
  EXPECT_EQ(with->retrievals[0].sweeps, 2);
  EXPECT_TRUE(with->retrievals[0].energy_after.has_value());
  EXPECT_EQ(without->retrievals[0].sweeps, 1);
  EXPECT_FALSE(without->retrievals[0].energy_before.has_value());
  EXPECT_FALSE(without->retrievals[0].energy_after.has_value());
  EXPECT_EQ(with->retrievals[0].state, without->retrievals[0].state);
  EXPECT_EQ(with->retrievals[0].iterations, without->retrievals[0].iterations);
}

TEST_F(EngineTest, StopsAtTheToleranceAndSaysSo) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall call = Query();
  call.dynamics.transform = Softmax();
  call.dynamics.tolerance = 1e-3;
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), call);
  EXPECT_EQ(result->retrievals[0].stop_reason, StopReason::kTolerance);
  EXPECT_LE(result->retrievals[0].residual, 1e-3);
  EXPECT_GT(result->retrievals[0].residual, 0);
  EXPECT_FALSE(result->retrievals[0].exact);
}

TEST_F(EngineTest, CallWithManyQueriesIsAnsweredOnceInOrder) {
  sweeper_.Allow(PuppetSweeper::kAll);
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), Query({0.1, 0.9, -0.8, 0.1, 0.9, 0.1}));
  ASSERT_EQ(result->retrievals.size(), 3u);
  EXPECT_THAT(result->retrievals[0].state, ElementsAre(0, 1));
  EXPECT_THAT(result->retrievals[1].state, ElementsAre(-1, 0));
  EXPECT_THAT(result->retrievals[2].state, ElementsAre(1, 0));
}

TEST_F(EngineTest, SupportIsCutToTheLargestWeightsButCountedWhole) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall call = Query();
  call.dynamics.transform = Softmax();
  call.dynamics.beta = 1;
  call.dynamics.max_iterations = 1;
  call.max_support = 1;
  const auto one = RetrieveAndWait(&engine_, bank_->Pin(), call);
  EXPECT_EQ(one->retrievals[0].support_size, 3);
  ASSERT_EQ(one->retrievals[0].support.size(), 1u);
  EXPECT_EQ(one->retrievals[0].support[0].id, 0u);
  call.max_support = 0;
  const auto none = RetrieveAndWait(&engine_, bank_->Pin(), call);
  EXPECT_TRUE(none->retrievals[0].support.empty());
  EXPECT_EQ(none->retrievals[0].state, one->retrievals[0].state);
}

TEST_F(EngineTest, DuplicatesOfAPatternAreRecalledExactly) {
  TestBank twins(2);
  ASSERT_TRUE(twins.Store({1, 0, 1, 0, 0, 1}).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  const auto result = RetrieveAndWait(&engine_, twins->Pin(), Query());
  EXPECT_EQ(result->retrievals[0].support_size, 2);
  EXPECT_THAT(result->retrievals[0].weights, ElementsAre(0.5, 0.5));
  EXPECT_THAT(result->retrievals[0].state, ElementsAre(1, 0));
  EXPECT_TRUE(result->retrievals[0].exact);
  engine_.Drain();  // Lets go of the bank.
}

TEST_F(EngineTest, SumOfTheTwoPatternsOfLargestWeightIsExactForPairs) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall call = Query({0.9, 0.8});
  call.dynamics.transform = *KSubsets::Make(2);
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), call);
  EXPECT_EQ(result->retrievals[0].stop_reason, StopReason::kFixedPoint);
  EXPECT_THAT(result->retrievals[0].state, ElementsAre(1, 1));
  EXPECT_TRUE(result->retrievals[0].exact);
}

TEST_F(EngineTest, ValuesAreCombinedWithTheWeightsOfTheLastUpdate) {
  TestBank bank(2, /*value_dim=*/1);
  const std::vector<float> rows = {1, 0, 0, 1};
  const std::vector<float> values = {10, 20};
  PatternRows batch;
  batch.patterns = {rows.data(), 2, 2};
  batch.values = {values.data(), 2, 1};
  ASSERT_TRUE(bank->Store(batch).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_THAT(RetrieveAndWait(&engine_, bank->Pin(), Query())->retrievals[0].value, ElementsAre(10));
  engine_.Drain();  // Lets go of the bank.
}

TEST_F(EngineTest, QueryKeepsTheVersionAtWhichItBegan) {
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  ASSERT_TRUE(bank_->Delete({0}, false).ok());
  ASSERT_TRUE(bank_.Store({5, 5}).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_THAT(answer.Await()->retrievals[0].state, ElementsAre(1, 0));
  EXPECT_EQ(answer.Await()->bank.version(), 1);
}

TEST_F(EngineTest, FullQueueIsResourceExhaustedWithADelayAndTakesNothing) {
  std::vector<Answer<RetrieveResult>> answers(8);
  for (auto& answer : answers) ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answer.Taker()).ok());
  Answer<RetrieveResult> refused;
  const absl::Status status = engine_.Retrieve(bank_->Pin(), Query(), refused.Taker());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("asked room for 1 queries, free 0, limit 8"));
  EXPECT_GT(FindErrorDetails(status)->retry_delay, absl::ZeroDuration());
  EXPECT_EQ(engine_.queued(), 8);
  sweeper_.Allow(PuppetSweeper::kAll);
  for (auto& answer : answers) EXPECT_TRUE(answer.Await().ok());
  engine_.Drain();
  EXPECT_EQ(refused.times(), 0);
  EXPECT_EQ(engine_.queued(), 0);
}

TEST_F(EngineTest, QueriesBeyondTheBatchTakeTurns) {
  std::vector<Answer<RetrieveResult>> answers(6);
  Answer<RetrieveResult> blocker;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), blocker.Taker()).ok());
  sweeper_.AwaitBegun(1);
  for (auto& answer : answers) ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answer.Taker()).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  for (auto& answer : answers) EXPECT_TRUE(answer.Await().ok());
  // Fourteen states in all: six queries and the blocker, two sweeps each, at most four at a time.
  EXPECT_THAT(BatchSizes(), ElementsAre(1, 4, 4, 4, 1));
}

TEST_F(EngineTest, BanksTakeTurns) {
  TestBank other(2);
  ASSERT_TRUE(other.Store({1, 0, 0, 1}).ok());
  Answer<RetrieveResult> blocker;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), blocker.Taker()).ok());
  sweeper_.AwaitBegun(1);
  std::vector<Answer<RetrieveResult>> answers(3);
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answers[0].Taker()).ok());
  ASSERT_TRUE(engine_.Retrieve(other->Pin(), Query(), answers[1].Taker()).ok());
  ASSERT_TRUE(engine_.Retrieve(other->Pin(), Query(), answers[2].Taker()).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  for (auto& answer : answers) EXPECT_TRUE(answer.Await().ok());
  engine_.Drain();
  std::vector<bool> is_other;
  for (const auto& record : sweeper_.records())
    is_other.push_back(record.layout_id == other->Pin().layout_id());
  EXPECT_THAT(is_other, ElementsAre(false, false, true, false, true));
}

TEST_F(EngineTest, CancelledQueryLeavesAtTheNextSweep) {
  auto cancellation = std::make_shared<Cancellation>();
  RetrieveCall call = Query();
  call.cancellation = cancellation;
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), call, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  cancellation->Cancel();
  sweeper_.Allow(1);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kCancelled);
  engine_.Drain();
  EXPECT_EQ(sweeper_.records().size(), 1u);
}

TEST_F(EngineTest, CancelledCallFailsOnceWhateverItsQueriesDo) {
  auto cancellation = std::make_shared<Cancellation>();
  RetrieveCall call = Query({0.9, 0.1, 0.1, 0.9, -0.9, 0.1});
  call.cancellation = cancellation;
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), call, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  cancellation->Cancel();
  sweeper_.Allow(PuppetSweeper::kAll);
  engine_.Drain();
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(EngineTest, ExpiredQueryLeavesAtTheNextSweep) {
  RetrieveCall call = Query();
  call.deadline = clock_.Now() + absl::Seconds(10);
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), call, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  clock_.Advance(10);
  sweeper_.Allow(1);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(EngineTest, ExpiredQueryIsNeverSwept) {
  RetrieveCall call = Query();
  call.deadline = clock_.Now();
  EXPECT_EQ(RetrieveAndWait(&engine_, bank_->Pin(), call).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(sweeper_.records().empty());
}

TEST_F(EngineTest, FailedSweepFailsItsCallsAndNoOthers) {
  sweeper_.FailWith(absl::UnavailableError("device lost"));
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_EQ(RetrieveAndWait(&engine_, bank_->Pin(), Query()).status().code(), absl::StatusCode::kUnavailable);
  sweeper_.FailWith(absl::OkStatus());
  EXPECT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), Query()).ok());
}

TEST_F(EngineTest, DrainFinishesWhatWasSubmittedAndRefusesTheRest) {
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answer.Taker()).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  engine_.Drain();
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(RetrieveAndWait(&engine_, bank_->Pin(), Query()).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(EngineTest, OverflowNamesTheTransformationAndTheQueryAndHarmsNoOtherCall) {
  Answer<RetrieveResult> blocker;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), blocker.Taker()).ok());
  sweeper_.AwaitBegun(1);
  // Scores of 0 and of 800, whose exponential is more than a double holds.
  RetrieveCall call = Query({0.1, 0.2, 80, 0});
  call.dynamics.transform = Exponential();
  call.dynamics.post_transform = Sign();
  Answer<RetrieveResult> overflow;
  Answer<RetrieveResult> other;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), call, overflow.Taker()).ok());
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), other.Taker()).ok());
  sweeper_.Allow(PuppetSweeper::kAll);
  const absl::Status status = overflow.Await().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("dynamics.exponential"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("(query 1)"));
  const std::optional<ErrorDetails> details = FindErrorDetails(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, "STATE_OUT_OF_RANGE");
  EXPECT_EQ(details->field, "dynamics.exponential");
  EXPECT_THAT(details->metadata, Contains(Pair("query", "1")));
  EXPECT_TRUE(blocker.Await().ok());
  ASSERT_TRUE(other.Await().ok());
  EXPECT_THAT(other.Await()->retrievals[0].state, ElementsAre(1, 0));
  EXPECT_EQ(overflow.times(), 1);
  // They shared the second sweep.
  EXPECT_EQ(BatchSizes()[1], 4u);
}

TEST_F(EngineTest, StateBeyondFloat32IsRefusedThoughADoubleHoldsIt) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall call = Query({50, 0});
  call.dynamics.transform = Exponential();
  call.dynamics.beta = 2;
  call.dynamics.max_iterations = 1;
  EXPECT_EQ(RetrieveAndWait(&engine_, bank_->Pin(), call).status().code(),
            absl::StatusCode::kInvalidArgument);
  call.dynamics.beta = 1.7;
  call.with_energy = false;
  EXPECT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), call).ok());
}

TEST_F(EngineTest, EmptyBankIsAFailedPrecondition) {
  TestBank empty(2);
  const absl::Status status = RetrieveAndWait(&engine_, empty->Pin(), Query()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("bank 'test' is empty"));
}

TEST_F(EngineTest, MoreThanThereAreCannotBeAskedFor) {
  RetrieveCall call = Query();
  call.dynamics.transform = *KSubsets::Make(4);
  const absl::Status status = RetrieveAndWait(&engine_, bank_->Pin(), call).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("dynamics.k_subsets.k: got 4, allowed 1 to 3"));
}

// Small banks beside large ones: of the two patterns in two dimensions, and of more.
class LanesTest : public EngineTest {
 protected:
  LanesTest() : small_(2) { EXPECT_TRUE(small_.Store({1, 0, 0, 1}).ok()); }

  static EngineOptions Options(bool callers_sweep) {
    EngineOptions options;
    options.queue_capacity = 8;
    options.small_bank_work = SweepWork(2, 2);  // bank_ is large.
    options.callers_sweep = callers_sweep;
    return options;
  }

  TestBank small_;
};

TEST_F(LanesTest, SmallBankDoesNotWaitForTheSweepOfALargeOne) {
  Engine engine(Options(/*callers_sweep=*/false), &sweeper_, &pool_, &clock_);
  Answer<RetrieveResult> large;
  sweeper_.Hold(bank_->Pin().layout_id());
  sweeper_.Allow(PuppetSweeper::kAll);
  ASSERT_TRUE(engine.Retrieve(bank_->Pin(), Query(), large.Taker()).ok());
  sweeper_.AwaitBegun(1);
  EXPECT_TRUE(RetrieveAndWait(&engine, small_->Pin(), Query()).ok());
  EXPECT_TRUE(EnergyAndWait(&engine, small_->Pin(), Query()).ok());
  EXPECT_EQ(large.times(), 0);
  sweeper_.Hold(0);
  EXPECT_TRUE(large.Await().ok());
}

TEST_F(LanesTest, OrderedTransformationsOnSmallBanksTakeTurnsWithLargeOnes) {
  Engine engine(Options(/*callers_sweep=*/true), &sweeper_, &pool_, &clock_);
  Answer<RetrieveResult> large;
  ASSERT_TRUE(engine.Retrieve(bank_->Pin(), Query(), large.Taker()).ok());
  sweeper_.AwaitBegun(1);
  RetrieveCall call = Query();
  call.dynamics.transform = *SequentialKSubsets::Make(1, 0);
  Answer<RetrieveResult> ordered;
  ASSERT_TRUE(engine.Retrieve(small_->Pin(), call, ordered.Taker()).ok());
  EXPECT_EQ(sweeper_.records().size(), 1u);
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_TRUE(large.Await().ok());
  EXPECT_TRUE(ordered.Await().ok());
}

TEST_F(LanesTest, CallerSweepsASmallBankAndHasTheAnswerWhenTheCallReturns) {
  Engine engine(Options(/*callers_sweep=*/true), &sweeper_, &pool_, &clock_);
  sweeper_.Allow(PuppetSweeper::kAll);
  std::thread::id thread;
  Answer<RetrieveResult> answer;
  const auto taker = [&, take = answer.Taker()](absl::StatusOr<RetrieveResult> result) {
    thread = std::this_thread::get_id();
    take(std::move(result));
  };
  ASSERT_TRUE(engine.Retrieve(small_->Pin(), Query(), taker).ok());
  ASSERT_EQ(answer.times(), 1);
  EXPECT_EQ(thread, std::this_thread::get_id());
  const auto other = RetrieveAndWait(&engine_, small_->Pin(), Query());  // Whose callers do not sweep.
  EXPECT_EQ(answer.Await()->retrievals[0].state, other->retrievals[0].state);
  EXPECT_EQ(answer.Await()->retrievals[0].energy_after, other->retrievals[0].energy_after);
  engine_.Drain();  // Lets go of the bank.
}

TEST_F(LanesTest, CallerHandsTheRestOverAfterAMoment) {
  Engine engine(Options(/*callers_sweep=*/true), &sweeper_, &pool_, &clock_);
  sweeper_.Allow(1);
  sweeper_.BeforeSweep([this] { clock_.Advance(1); });
  Answer<RetrieveResult> answer;
  // Needs two sweeps; the second waits to be allowed, and this thread goes on.
  ASSERT_TRUE(engine.Retrieve(small_->Pin(), Query(), answer.Taker()).ok());
  EXPECT_EQ(answer.times(), 0);
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_TRUE(answer.Await().ok());
}

TEST_F(LanesTest, WhoAsksAgainFromAnAnswerIsServedWithoutRecursion) {
  Engine engine(Options(/*callers_sweep=*/true), &sweeper_, &pool_, &clock_);
  sweeper_.Allow(PuppetSweeper::kAll);
  int inside = 0;
  int answers = 0;
  RetrieveDone again = [&](const absl::StatusOr<RetrieveResult>& result) {
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(++inside, 1);
    if (++answers < 100) {
      ASSERT_TRUE(engine.Retrieve(small_->Pin(), Query(), again).ok());
    }
    --inside;
  };
  ASSERT_TRUE(engine.Retrieve(small_->Pin(), Query(), again).ok());
  engine.Drain();
  EXPECT_EQ(answers, 100);
}

TEST_F(LanesTest, CallersFromManyThreadsAreAllAnsweredAndTheEngineGoesAfterThem) {
  sweeper_.Allow(PuppetSweeper::kAll);
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  std::vector<std::vector<Answer<RetrieveResult>>> answers(kThreads);
  {
    Engine engine(Options(/*callers_sweep=*/true), &sweeper_, &pool_, &clock_);
    std::vector<std::thread> threads;
    for (auto& mine : answers) {
      mine = std::vector<Answer<RetrieveResult>>(kCalls);
      threads.emplace_back([&] {
        for (auto& answer : mine) {
          // At most so many calls as there are threads are in the queue.
          ASSERT_TRUE(engine.Retrieve(small_->Pin(), Query(), answer.Taker()).ok());
          answer.Await().IgnoreError();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (auto& mine : answers) {
    for (auto& answer : mine) {
      EXPECT_EQ(answer.times(), 1);
      EXPECT_THAT(answer.Await()->retrievals[0].state, ElementsAre(1, 0));
    }
  }
}

}  // namespace
}  // namespace engram
