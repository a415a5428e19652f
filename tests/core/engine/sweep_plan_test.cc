#include "core/engine/sweep_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(100);

TEST(SweepPlanTest, NobodyWaitsForABatchToFill) {
  EXPECT_THAT(PlanSweep({WaitingQuery()}, kNow, 256).enter, ElementsAre(0));
}

TEST(SweepPlanTest, FirstComeFirstServedUpToTheBatch) {
  EXPECT_THAT(PlanSweep(std::vector<WaitingQuery>(5), kNow, 3).enter, ElementsAre(0, 1, 2));
}

TEST(SweepPlanTest, LateAndCancelledQueriesLeaveAndTakeNoSeat) {
  std::vector<WaitingQuery> waiting(5);
  waiting[0].deadline = kNow;
  waiting[1].cancelled = true;
  waiting[4].deadline = kNow - absl::Seconds(1);
  const SweepPlan plan = PlanSweep(waiting, kNow, 1);
  EXPECT_THAT(plan.enter, ElementsAre(2));
  EXPECT_THAT(plan.expired, ElementsAre(0, 4));
  EXPECT_THAT(plan.cancelled, ElementsAre(1));
}

TEST(SweepPlanTest, NothingWaitingMeansNothingToDo) {
  const SweepPlan plan = PlanSweep({}, kNow, 10);
  EXPECT_THAT(plan.enter, IsEmpty());
}

TEST(SweepPlanTest, LargeBanksAreSweptWithFewerStatesButAtLeastOne) {
  EXPECT_EQ(MaxStates(0, 1 << 20, 256), 256);
  EXPECT_EQ(MaxStates(1000, 1 << 20, 256), (1 << 20) / (1000 * kDenseBytesPerRow));
  EXPECT_EQ(MaxStates(int64_t{1} << 40, 1 << 20, 256), 1);
}

TEST(SweepPlanTest, WorkOfATurnIsBoundedButForOneState) {
  EXPECT_EQ(MaxStatesOfWork(1000, 128, 1 << 20), (1 << 20) / (1000 * (128 + 64)));
  EXPECT_EQ(MaxStatesOfWork(1000, 128, 1000), 1);
  EXPECT_EQ(MaxStatesOfWork(0, 128, 1000), 1000);
}

TEST(SweepPlanTest, RetryDelayGrowsWithTheQueueWithinBounds) {
  EXPECT_EQ(RetryDelay(1, 100, absl::ZeroDuration()), absl::Milliseconds(1));
  EXPECT_EQ(RetryDelay(300, 100, absl::Milliseconds(20)), absl::Milliseconds(60));
  EXPECT_EQ(RetryDelay(1000, 1, absl::Seconds(1)), absl::Seconds(5));
}

}  // namespace
}  // namespace engram
