#include "core/base/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

namespace engram {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kBounds[] = {1, 2, 5};

TEST(HistogramTest, BoundsBelongToTheirBucketAndLargerValuesToTheLast) {
  Histogram histogram(kBounds);
  for (const int64_t value : {0, 1, 2, 3, 5, 6, 1000}) histogram.Add(value);
  const Histogram::Reading reading = histogram.Read();
  EXPECT_THAT(reading.counts, ElementsAre(2, 1, 2, 2));
  EXPECT_EQ(reading.sum, 1017);
}

TEST(HistogramTest, AnEmptyOneHasABucketForEachBoundAndOneMore) {
  const Histogram::Reading reading = Histogram(kBounds).Read();
  EXPECT_THAT(reading.counts, ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(reading.sum, 0);
}

TEST(HistogramTest, NothingIsLostWhenThreadsAddAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kValues = 1000;
  Histogram histogram(kBounds);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kValues; ++i) histogram.Add(i % 7);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Histogram::Reading reading = histogram.Read();
  EXPECT_EQ(std::accumulate(reading.counts.begin(), reading.counts.end(), int64_t{0}), kThreads * kValues);
  int64_t sum = 0;
  for (int i = 0; i < kValues; ++i) sum += i % 7;
  EXPECT_EQ(reading.sum, kThreads * sum);
}

}  // namespace
}  // namespace engram
