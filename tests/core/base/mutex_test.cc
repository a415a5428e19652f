#include "core/base/mutex.h"

#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

TEST(MutexTest, OneThreadAtATimeHoldsIt) {
  Mutex mutex;
  int64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        MutexLock lock(&mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(CondVarTest, WaitReleasesTheMutexAndTakesItAgain) {
  Mutex mutex;
  CondVar turned;
  int turn = 0;
  std::thread other([&] {
    for (int mine = 1; mine < 200; mine += 2) {
      MutexLock lock(&mutex);
      while (turn != mine) turned.Wait(&mutex);
      ++turn;
      turned.NotifyAll();
    }
  });
  for (int mine = 0; mine < 200; mine += 2) {
    MutexLock lock(&mutex);
    while (turn != mine) turned.Wait(&mutex);
    ++turn;
    turned.NotifyAll();
  }
  other.join();
  EXPECT_EQ(turn, 200);
}

TEST(CondVarTest, WaitUntilThePastReturnsWithTheMutexHeld) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(&mutex);
  never.WaitUntil(&mutex, absl::UnixEpoch());
  never.WaitUntil(&mutex, absl::InfinitePast());
  never.WaitUntil(&mutex, absl::Now());
}

TEST(CondVarTest, WaitUntilTheInfiniteFutureWaitsForTheNotification) {
  Mutex mutex;
  CondVar set;
  bool is_set = false;
  std::thread other([&] {
    MutexLock lock(&mutex);
    is_set = true;
    set.NotifyOne();
  });
  {
    MutexLock lock(&mutex);
    while (!is_set) set.WaitUntil(&mutex, absl::InfiniteFuture());
    EXPECT_TRUE(is_set);
  }
  other.join();
}

}  // namespace
}  // namespace engram
