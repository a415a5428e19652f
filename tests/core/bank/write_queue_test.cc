#include "core/bank/write_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/mutex.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::Le;

struct Number {
  int value = 0;
  int result = 0;
};

TEST(WriteQueueTest, LoneWriteLeadsItself) {
  WriteQueue<Number> queue(8, [](absl::Span<Number* const> writes) {
    EXPECT_EQ(writes.size(), 1u);
    writes[0]->result = 2 * writes[0]->value;
    return writes.size();
  });
  Number write{21};
  queue.Run(&write);
  EXPECT_EQ(write.result, 42);
  EXPECT_EQ(queue.size(), 0u);
}

// A queue whose first leader waits until the test has put others behind it, one after another.
class HeldQueueTest : public ::testing::Test {
 protected:
  // Groups of up to 4, of which no more than `most` are done at a time.
  void Start(size_t most) {
    most_ = most;
    Write(0);
  }
  void Write(int value) {
    const size_t before = queue_.size();
    threads_.emplace_back([this, value] {
      Number write{value};
      queue_.Run(&write);
      EXPECT_EQ(write.result, value + 100);
    });
    while (queue_.size() == before) std::this_thread::yield();
  }
  void Release() {
    {
      MutexLock lock(&mutex_);
      is_held_ = false;
      changed_.NotifyAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  std::vector<std::vector<int>> groups_;  // As they were done.

 private:
  size_t Lead(absl::Span<Number* const> writes) {
    MutexLock lock(&mutex_);
    while (is_held_) changed_.Wait(&mutex_);
    groups_.emplace_back();
    const size_t count = std::min(writes.size(), most_);
    for (Number* write : writes.first(count)) {
      write->result = write->value + 100;
      groups_.back().push_back(write->value);
    }
    return count;
  }

  Mutex mutex_;
  CondVar changed_;
  bool is_held_ = true;
  size_t most_ = 0;
  WriteQueue<Number> queue_{4, [this](absl::Span<Number* const> writes) { return Lead(writes); }};
  std::vector<std::thread> threads_;
};

TEST_F(HeldQueueTest, ThoseWhoWaitGoTogetherInTheOrderTheyCame) {
  Start(/*most=*/4);
  for (int value = 1; value <= 6; ++value) Write(value);
  Release();
  EXPECT_THAT(groups_, ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3, 4), ElementsAre(5, 6)));
}

TEST_F(HeldQueueTest, WhatALeaderLeavesIsLedByTheNext) {
  Start(/*most=*/2);
  for (int value = 1; value <= 5; ++value) Write(value);
  Release();
  EXPECT_THAT(groups_, ElementsAre(ElementsAre(0), ElementsAre(1, 2), ElementsAre(3, 4), ElementsAre(5)));
}

TEST(WriteQueueTest, LeaderLingersOnlyForThoseWhoMayComeBackAndIfItPays) {
  EXPECT_EQ(LingerFor(/*waiting=*/1, /*crowd=*/32, absl::Milliseconds(4)), absl::Microseconds(500));
  EXPECT_EQ(LingerFor(32, 32, absl::Milliseconds(4)), absl::ZeroDuration());
  EXPECT_EQ(LingerFor(1, 0, absl::Milliseconds(4)), absl::ZeroDuration());
  EXPECT_EQ(LingerFor(1, 32, absl::Microseconds(100)), absl::ZeroDuration()) << "waking them takes as long";
  EXPECT_EQ(LingerFor(1, 32, absl::Seconds(1)), absl::Milliseconds(1));
}

TEST(WriteQueueTest, EveryWriteIsDoneOnceByOneLeaderAtATime) {
  constexpr int kThreads = 32;
  constexpr int kWrites = 500;
  std::atomic<int> leaders{0};
  std::vector<int> done;  // Touched by the one leader.
  WriteQueue<Number> queue(8, [&](absl::Span<Number* const> writes) {
    EXPECT_EQ(++leaders, 1);
    EXPECT_THAT(writes.size(), Le(8u));
    const size_t count = 1 + writes.size() / 2;
    for (Number* write : writes.first(std::min(count, writes.size()))) {
      write->result = write->value + 1;
      done.push_back(write->value);
    }
    --leaders;
    return std::min(count, writes.size());
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kWrites; ++i) {
        Number write{t * kWrites + i};
        queue.Run(&write);
        ASSERT_EQ(write.result, write.value + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(done.size(), static_cast<size_t>(kThreads * kWrites));
  // Those of one thread in their order.
  std::vector<int> last(kThreads, -1);
  for (const int value : done) {
    EXPECT_EQ(value % kWrites, last[value / kWrites] + 1);
    last[value / kWrites] = value % kWrites;
  }
}

}  // namespace
}  // namespace engram
