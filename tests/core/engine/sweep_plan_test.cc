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
  EXPECT_THAT(PlanSweep({WaitingQuery()}, kNow, 256, 0).enter, ElementsAre(0));
}

TEST(SweepPlanTest, FirstComeFirstServedUpToTheBatch) {
  EXPECT_THAT(PlanSweep(std::vector<WaitingQuery>(5), kNow, 3, 0).enter, ElementsAre(0, 1, 2));
}

TEST(SweepPlanTest, LateAndCancelledQueriesLeaveAndTakeNoSeat) {
  std::vector<WaitingQuery> waiting(5);
  waiting[0].deadline = kNow;
  waiting[1].cancelled = true;
  waiting[4].deadline = kNow - absl::Seconds(1);
  const SweepPlan plan = PlanSweep(waiting, kNow, 1, 0);
  EXPECT_THAT(plan.enter, ElementsAre(2));
  EXPECT_THAT(plan.expired, ElementsAre(0, 4));
  EXPECT_THAT(plan.cancelled, ElementsAre(1));
}

TEST(SweepPlanTest, NothingWaitingMeansNothingToDo) {
  const SweepPlan plan = PlanSweep({}, kNow, 10, 0);
  EXPECT_THAT(plan.enter, IsEmpty());
}

TEST(SweepPlanTest, QueriesEnterAsLongAsThereIsRoomButOneInAnyCase) {
  std::vector<WaitingQuery> waiting(4);
  waiting[0].scratch_bytes = 50;
  waiting[1].scratch_bytes = 30;
  waiting[2].scratch_bytes = 30;
  waiting[3].scratch_bytes = 1;
  EXPECT_THAT(PlanSweep(waiting, kNow, 256, 10).enter, ElementsAre(0));
  EXPECT_THAT(PlanSweep(waiting, kNow, 256, 80).enter, ElementsAre(0, 1));
  // Who comes later does not pass those that wait for room.
  EXPECT_THAT(PlanSweep(waiting, kNow, 256, 100).enter, ElementsAre(0, 1));
  EXPECT_THAT(PlanSweep(waiting, kNow, 256, 111).enter, ElementsAre(0, 1, 2, 3));
}

TEST(SweepPlanTest, StatesOfFewSurvivorsShareSweepsOfLargeBanks) {
  constexpr int64_t kRows = 10'000'000;
  constexpr int64_t kScratch = int64_t{1} << 30;
  EXPECT_EQ(kScratch / DenseBytes(kRows), 2);
  EXPECT_GE(kScratch / ScreenedBytes(kRows), 256);
  EXPECT_EQ(ScreenedBytes(1000), DenseBytes(1000));
}

TEST(SweepPlanTest, StatesShareTheRoomForSurvivorsThatOthersLeave) {
  constexpr int64_t kRows = 1'000'000;
  constexpr int64_t kScratch = int64_t{1} << 30;
  EXPECT_EQ(MostSurvivors(kRows, 1, kScratch, 0), (kScratch - BoundsBytes(kRows)) / kDenseBytesPerRow);
  const int64_t left = kScratch - 10 * DenseBytes(kRows);
  EXPECT_EQ(MostSurvivors(kRows, 4, kScratch, 10 * DenseBytes(kRows)),
            (left / 4 - BoundsBytes(kRows)) / kDenseBytesPerRow);
  EXPECT_EQ(MostSurvivors(kRows, 4, kScratch, 2 * kScratch), kFewSurvivors);
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
