// Where sweeps leave the host free, the next begins while the answers of the one before are computed.

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/answer.h"
#include "tests/core/engine/fake_clock.h"
#include "tests/core/engine/puppet_sweeper.h"

namespace engram {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

class OverlapTest : public ::testing::TestWithParam<bool> {
 protected:
  OverlapTest() : bank_(2) { EXPECT_TRUE(bank_.Store({1, 0, 0, 1, -1, 0}).ok()); }
  // A test that fails must not leave the engine waiting.
  ~OverlapTest() override {
    sweeper_.Allow(PuppetSweeper::kAll);
    if (!go_on_.HasBeenNotified()) go_on_.Notify();
  }

  static EngineOptions Options() {
    EngineOptions options;
    options.queue_capacity = 64;
    options.max_batch = 4;
    options.small_bank_work = 0;  // Small banks have a lane to themselves, which never leaves the host.
    return options;
  }

  // `count` of the patterns, which are fixed points: a query takes one sweep.
  static RetrieveCall Queries(int count) {
    RetrieveCall call;
    call.dynamics.transform = *Entmax::Make(2);
    call.dynamics.beta = 10;
    for (int i = 0; i < count; ++i) call.states.insert(call.states.end(), {0, 1});
    return call;
  }

  // Sends queries that are answered, at the end, only when go_on_ is notified. Returns while they are.
  void BeginToAnswer(int count) {
    const auto done = [this](const absl::StatusOr<RetrieveResult>& result) {
      EXPECT_TRUE(result.ok());
      is_answering_.Notify();
      EXPECT_TRUE(go_on_.WaitForNotificationWithTimeout(kLong));
    };
    ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(count), done).ok());
    ASSERT_TRUE(is_answering_.WaitForNotificationWithTimeout(kLong));
  }

  TestBank bank_;
  PuppetSweeper sweeper_{/*leaves_host_free=*/GetParam()};
  ThreadPool pool_{2};
  FakeClock clock_;
  absl::Notification is_answering_;
  absl::Notification go_on_;
  Engine engine_{Options(), &sweeper_, &pool_, &clock_};
};

class HostIsFreeTest : public OverlapTest {};
class HostIsNotFreeTest : public OverlapTest {};
INSTANTIATE_TEST_SUITE_P(, HostIsFreeTest, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(, HostIsNotFreeTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(, OverlapTest, testing::Bool());

TEST_P(HostIsFreeTest, MoreQueriesThanAreAnsweredAreSweptMeanwhile) {
  sweeper_.Allow(PuppetSweeper::kAll);
  BeginToAnswer(1);
  EXPECT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), Queries(2)).ok());
  EXPECT_FALSE(go_on_.HasBeenNotified());
}

TEST_P(HostIsFreeTest, AFullBatchIsSweptMeanwhile) {
  sweeper_.Allow(PuppetSweeper::kAll);
  BeginToAnswer(4);
  EXPECT_TRUE(RetrieveAndWait(&engine_, bank_->Pin(), Queries(4)).ok());
}

TEST_P(HostIsFreeTest, FewerWaitForMoreToCome) {
  sweeper_.Allow(PuppetSweeper::kAll);
  BeginToAnswer(2);
  Answer<RetrieveResult> first;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(1), first.Taker()).ok());
  Answer<RetrieveResult> second;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(2), second.Taker()).ok());
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(second.Await().ok());
  ASSERT_EQ(sweeper_.records().size(), 2U);
  EXPECT_EQ(sweeper_.records()[1].state_count, 3U);
}

TEST_P(HostIsFreeTest, AnotherBankDoesNotWait) {
  sweeper_.Allow(PuppetSweeper::kAll);
  TestBank other(2);
  ASSERT_TRUE(other.Store({1, 0, 0, 1, -1, 0}).ok());
  BeginToAnswer(4);
  EXPECT_TRUE(RetrieveAndWait(&engine_, other->Pin(), Queries(1)).ok());
  EXPECT_FALSE(go_on_.HasBeenNotified());
  go_on_.Notify();
  engine_.Drain();  // Lets go of the bank.
}

TEST_P(HostIsFreeTest, AThirdSweepWaitsForTheFirstAnswers) {
  sweeper_.Allow(PuppetSweeper::kAll);
  BeginToAnswer(1);
  absl::Notification is_second_answering;
  const auto done = [&](const absl::StatusOr<RetrieveResult>& result) {
    EXPECT_TRUE(result.ok());
    is_second_answering.Notify();
    EXPECT_TRUE(go_on_.WaitForNotificationWithTimeout(kLong));
  };
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(2), done).ok());
  ASSERT_TRUE(is_second_answering.WaitForNotificationWithTimeout(kLong));
  sweeper_.BeforeSweep([this] { EXPECT_TRUE(go_on_.HasBeenNotified()); });
  Answer<RetrieveResult> third;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(4), third.Taker()).ok());
  go_on_.Notify();
  EXPECT_TRUE(third.Await().ok());
  engine_.Drain();
}

TEST_P(HostIsNotFreeTest, AllWaitForTheAnswers) {
  sweeper_.Allow(PuppetSweeper::kAll);
  BeginToAnswer(1);
  sweeper_.BeforeSweep([this] { EXPECT_TRUE(go_on_.HasBeenNotified()); });
  Answer<RetrieveResult> second;
  ASSERT_TRUE(engine_.Retrieve(bank_->Pin(), Queries(4), second.Taker()).ok());
  go_on_.Notify();
  EXPECT_TRUE(second.Await().ok());
}

TEST_P(OverlapTest, CallsFromManyThreadsAreAllAnswered) {
  sweeper_.Allow(PuppetSweeper::kAll);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) {
        const auto result = RetrieveAndWait(&engine_, bank_->Pin(), Queries(1 + (t + i) % 5));
        ASSERT_TRUE(result.ok()) << result.status();
        ASSERT_EQ(result->retrievals[0].state, (std::vector<double>{0, 1}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  engine_.Drain();
  EXPECT_EQ(sweeper_.most_at_a_time(), 1);
  EXPECT_EQ(engine_.queued(), 0);
}

}  // namespace
}  // namespace engram
