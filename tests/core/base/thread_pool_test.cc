#include "core/base/thread_pool.h"

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

using ::testing::Each;

// Lets threads wait for one event.
class Event {
 public:
  void Set() {
    MutexLock lock(&mutex_);
    set_ = true;
    changed_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(&mutex_);
    while (!set_) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(ThreadPoolTest, ParallelForVisitsEachIndexOnce) {
  for (const int threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.thread_count(), threads);
    for (const int64_t count : {1, 2, 3, 7, 8, 100, 10'000}) {
      SCOPED_TRACE(::testing::Message() << threads << " threads, " << count << " indices");
      std::vector<int> visits(count);
      pool.ParallelFor(count, [&](int64_t i) { ++visits[i]; });
      EXPECT_THAT(visits, Each(1));
    }
  }
}

TEST(ThreadPoolTest, ParallelForOverNothingReturnsAtOnce) {
  ThreadPool pool(2);
  pool.ParallelFor(0, [](int64_t) { ADD_FAILURE() << "called"; });
  pool.ParallelFor(-5, [](int64_t) { ADD_FAILURE() << "called"; });
}

TEST(ThreadPoolTest, ParallelForSeesWhatItsBodiesWrote) {
  ThreadPool pool(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> squares(50);
    pool.ParallelFor(50, [&](int64_t i) { squares[i] = i * i; });
    EXPECT_EQ(std::accumulate(squares.begin(), squares.end(), int64_t{0}), 40425);
  }
}

TEST(ThreadPoolTest, SeveralThreadsMayShareThePool) {
  ThreadPool pool(2);
  constexpr int kCallers = 6;
  constexpr int64_t kCount = 500;
  std::vector<std::vector<int>> visits(kCallers, std::vector<int>(kCount));
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&pool, &mine = visits[caller]] {
      for (int round = 0; round < 20; ++round) {
        pool.ParallelFor(kCount, [&mine](int64_t i) { ++mine[i]; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const std::vector<int>& mine : visits) EXPECT_THAT(mine, Each(20));
}

TEST(ThreadPoolTest, ABodyMayUseAnotherPool) {
  ThreadPool outer(2);
  ThreadPool inner(2);
  std::vector<std::vector<int>> visits(20, std::vector<int>(30));
  outer.ParallelFor(20, [&](int64_t i) { inner.ParallelFor(30, [&](int64_t j) { ++visits[i][j]; }); });
  for (const std::vector<int>& row : visits) EXPECT_THAT(row, Each(1));
}

TEST(ThreadPoolTest, ParallelForFinishesOnTheCallerIfEveryThreadIsBusy) {
  ThreadPool pool(2);
  Event release;
  for (int i = 0; i < 2; ++i) pool.Schedule([&release] { release.Wait(); });
  std::vector<int> visits(100);
  pool.ParallelFor(100, [&](int64_t i) { ++visits[i]; });
  EXPECT_THAT(visits, Each(1));
  // The helpers that come too late find neither work nor the vector.
  release.Set();
}

TEST(ThreadPoolTest, OneThreadRunsTasksInOrder) {
  std::vector<int> order;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 100; ++i) pool.Schedule([&order, i] { order.push_back(i); });
  }
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(ThreadPoolTest, DestructorRunsWhatWasScheduled) {
  std::atomic<int> runs{0};
  {
    ThreadPool pool(3);
    for (int i = 0; i < 1000; ++i) pool.Schedule([&runs] { ++runs; });
  }
  EXPECT_EQ(runs, 1000);
}

TEST(ThreadPoolTest, ATaskMayScheduleAnother) {
  ThreadPool pool(1);
  Event done;
  pool.Schedule([&] { pool.Schedule([&done] { done.Set(); }); });
  done.Wait();
}

}  // namespace
}  // namespace engram
