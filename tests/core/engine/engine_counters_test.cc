#include "core/engine/engine_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "core/engine/engine.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/answer.h"
#include "tests/core/engine/puppet_engine_test.h"

namespace engram {
namespace {

int64_t CountOf(const Histogram& histogram) {
  const Histogram::Reading reading = histogram.Read();
  return std::accumulate(reading.counts.begin(), reading.counts.end(), int64_t{0});
}

class EngineCountersTest : public PuppetEngineTest {
 protected:
  const EngineCounters& counters() const { return engine_.counters(); }
  int64_t Queries(QueryKind kind, QueryEnd end) const {
    return counters().queries[static_cast<size_t>(kind)][static_cast<size_t>(end)].value();
  }
  int64_t AllQueries() const {
    int64_t sum = 0;
    for (const auto& ends : counters().queries) {
      for (const Counter& counter : ends) sum += counter.value();
    }
    return sum;
  }
};

TEST_F(EngineCountersTest, RetrievalsAreCountedWithWhatTheyTook) {
  sweeper_.Allow(PuppetSweeper::kAll);
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), Query({0.9, 0.1, 0.1, 0.9, -0.8, 0.1}));
  ASSERT_TRUE(result.ok());
  int64_t sweeps = 0;
  int64_t updates = 0;
  for (const Retrieval& retrieval : result->retrievals) {
    sweeps += retrieval.sweeps;
    updates += retrieval.iterations;
  }
  EXPECT_EQ(Queries(QueryKind::kRetrieve, QueryEnd::kFixedPoint), 3);
  EXPECT_EQ(AllQueries(), 3);
  EXPECT_EQ(CountOf(counters().retrieval_sweeps), 3);
  EXPECT_EQ(counters().retrieval_sweeps.Read().sum, sweeps);
  EXPECT_EQ(counters().retrieval_updates.Read().sum, updates);
  const LaneCounters& lane = counters().short_lane;
  const auto begun = static_cast<int64_t>(sweeper_.records().size());
  EXPECT_EQ(lane.exact_sweeps.value(), begun);
  EXPECT_EQ(lane.sweep_queries.Read().sum, sweeps);
  EXPECT_EQ(CountOf(lane.sweep_queries), begun);
  EXPECT_EQ(CountOf(lane.sweep_nanoseconds), begun);
  // The reference backend leaves no row out.
  EXPECT_EQ(lane.survivors.value(), 3 * sweeps);
  EXPECT_EQ(lane.swept_rows.value(), 3 * begun);
  EXPECT_EQ(lane.swept_bytes.value(), 3 * 2 * 4 * begun);
  EXPECT_EQ(counters().long_lane.exact_sweeps.value(), 0);
}

TEST_F(EngineCountersTest, EveryKindAndEveryReasonToStopHasItsOwnCount) {
  sweeper_.Allow(PuppetSweeper::kAll);
  RetrieveCall limited = Query();
  limited.dynamics.max_iterations = 1;
  ASSERT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), limited).ok());
  RetrieveCall dense = Query();
  dense.dynamics.transform = Softmax();
  dense.dynamics.tolerance = 1e-3;
  ASSERT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), dense).ok());
  ASSERT_TRUE(EnergyAndWait(&engine_, bank_->Pin(), Query()).ok());
  DifferentiateCall differentiate;
  static_cast<Call&>(differentiate) = Query();
  differentiate.dynamics.max_iterations = 2;
  differentiate.state_cotangents = {1, 0};
  ASSERT_TRUE(DifferentiateAndWait(&engine_, bank_->Pin(), differentiate).ok());
  RecallPlan plan;
  plan.dynamics.beta = 10;
  std::shared_ptr<Recall> recall = *Recall::Begin(bank_->Pin(), plan, {0.9, 0.1});
  const auto memory = RecallAndWait(&engine_, recall);
  ASSERT_TRUE(memory.ok());
  ASSERT_TRUE(SeparateAndWait(&engine_, bank_->Pin(), 0, 3).ok());
  EXPECT_EQ(Queries(QueryKind::kRetrieve, QueryEnd::kLimit), 1);
  EXPECT_EQ(Queries(QueryKind::kRetrieve, QueryEnd::kTolerance), 1);
  EXPECT_EQ(Queries(QueryKind::kEnergy, QueryEnd::kDone), 1);
  EXPECT_EQ(Queries(QueryKind::kDifferentiate, QueryEnd::kDone), 1);
  EXPECT_EQ(Queries(QueryKind::kRecall, ToQueryEnd(memory->stop_reason)), 1);
  EXPECT_EQ(Queries(QueryKind::kSeparation, QueryEnd::kDone), 3);
  EXPECT_EQ(AllQueries(), 8);
  EXPECT_EQ(CountOf(counters().retrieval_updates), 2);
  EXPECT_GT(counters().long_lane.exact_sweeps.value(), 0);
  engine_.Drain();
}

TEST_F(EngineCountersTest, FastSweepsAreCountedApart) {
  RetrieveCall call = Query();
  call.dynamics.transform = Softmax();
  call.fast = true;
  const auto result = RetrieveAndWait(&engine_, bank_->Pin(), call);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(counters().short_lane.exact_sweeps.value(), 0);
  EXPECT_EQ(counters().short_lane.fast_sweeps.value(), result->retrievals[0].sweeps);
  EXPECT_EQ(counters().short_lane.survivors.value(), 0);
}

TEST_F(EngineCountersTest, QueriesWithoutAnAnswerAreCountedOnce) {
  auto cancellation = std::make_shared<Cancellation>();
  RetrieveCall cancelled = Query({0.9, 0.1, 0.1, 0.9});
  cancelled.cancellation = cancellation;
  Answer<RetrieveResult> answer;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), cancelled, answer.Taker()).ok());
  sweeper_.AwaitBegun(1);
  cancellation->Cancel();
  sweeper_.Allow(PuppetSweeper::kAll);
  EXPECT_FALSE(answer.Await().ok());
  RetrieveCall late = Query();
  late.deadline = clock_.Now();
  EXPECT_FALSE(RetrieveAndWait(&engine_, bank_->Pin(), late).ok());
  sweeper_.FailWith(absl::UnavailableError("device lost"));
  EXPECT_FALSE(EnergyAndWait(&engine_, bank_->Pin(), Query()).ok());
  engine_.Drain();
  EXPECT_EQ(Queries(QueryKind::kRetrieve, QueryEnd::kCancelled), 2);
  EXPECT_EQ(Queries(QueryKind::kRetrieve, QueryEnd::kDeadline), 1);
  EXPECT_EQ(Queries(QueryKind::kEnergy, QueryEnd::kFailed), 1);
  EXPECT_EQ(AllQueries(), 4);
  EXPECT_EQ(CountOf(counters().retrieval_sweeps), 0);
}

TEST_F(EngineCountersTest, RefusedCallsAreCountedAndTheirQueriesAreNot) {
  std::vector<Answer<RetrieveResult>> answers(8);
  for (auto& answer : answers) ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Query(), answer.Taker()).ok());
  EXPECT_FALSE(RetrieveAndWait(&engine_, bank_->Pin(), Query()).ok());
  EXPECT_EQ(counters().refused_calls.value(), 1);
  sweeper_.Allow(PuppetSweeper::kAll);
  for (auto& answer : answers) EXPECT_TRUE(answer.Await().ok());
  EXPECT_EQ(AllQueries(), 8);
  // Not because the queue is full.
  engine_.Drain();
  EXPECT_FALSE(RetrieveAndWait(&engine_, bank_->Pin(), Query()).ok());
  EXPECT_EQ(counters().refused_calls.value(), 1);
}

TEST_F(EngineCountersTest, UpdatesWithoutASweepAreThoseOfNearMisses) {
  ThreadPool pool(0);
  CpuSweeper sweeper(&pool);
  Engine engine(EngineOptions(), &sweeper, &pool, &clock_);
  TestBank bank(8);
  std::vector<float> rows(256 * 8);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  ASSERT_TRUE(bank.Store(rows).ok());
  RetrieveCall call = Query({rows.begin(), rows.begin() + 8});
  call.with_energy = false;
  for (int time = 0; time < 2; ++time) {
    const auto result = RetrieveAndWait(&engine, bank->Pin(), call);
    ASSERT_TRUE(result.ok());
  }
  engine.Drain();  // Lets go of the bank.
  const EngineCounters& counters = engine.counters();
  EXPECT_EQ(counters.retrieval_sweeps.Read().sum + counters.near_miss_updates.value(),
            counters.retrieval_updates.Read().sum);
  EXPECT_LE(sweeper.counts().recalled_pattern_hits, counters.near_miss_updates.value());
  EXPECT_EQ(sweeper.counts().dense_states, 0);
}

TEST_F(EngineCountersTest, StatesForWhichScreeningIsHopelessAreCountedAsDense) {
  ThreadPool pool(0);
  CpuSweeper sweeper(&pool);
  Engine engine(EngineOptions(), &sweeper, &pool, &clock_);
  RetrieveCall call = Query();
  call.dynamics.transform = Softmax();
  call.dynamics.beta = 1e-3;
  call.with_energy = false;
  const auto result = RetrieveAndWait(&engine, bank_->Pin(), call);
  ASSERT_TRUE(result.ok());
  engine.Drain();  // Lets go of the bank.
  EXPECT_EQ(sweeper.counts().dense_states, result->retrievals[0].sweeps);
}

}  // namespace
}  // namespace engram
