#include "core/bank/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace engram {
namespace {

using ::testing::HasSubstr;

TEST(MemoryBudgetTest, ReservationGivesItsBytesBack) {
  MemoryBudget budget(100);
  {
    const Reservation reservation = *budget.Reserve(60, "a test");
    EXPECT_EQ(reservation.bytes(), 60);
    EXPECT_EQ(budget.used_bytes(), 60);
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, MovedReservationGivesItsBytesBackOnce) {
  MemoryBudget budget(100);
  Reservation first = *budget.Reserve(30, "a test");
  Reservation second = std::move(first);
  EXPECT_EQ(first.bytes(), 0);
  EXPECT_EQ(budget.used_bytes(), 30);
  second = Reservation();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, ReservationsSplitAndJoin) {
  MemoryBudget budget(1000);
  Reservation all = *budget.Reserve(600, "rows");
  {
    const Reservation part = all.Take(200);
    EXPECT_EQ(part.bytes(), 200);
    EXPECT_EQ(all.bytes(), 400);
    EXPECT_EQ(budget.used_bytes(), 600);
  }
  EXPECT_EQ(budget.used_bytes(), 400);
  Reservation joined;
  joined.Add(all.Take(100));
  joined.Add(std::move(all));
  EXPECT_EQ(joined.bytes(), 400);
  EXPECT_EQ(budget.used_bytes(), 400);
  joined = Reservation();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBudgetTest, RefusalNamesAskedFreeAndLimitAndTakesNothing) {
  MemoryBudget budget(100);
  const Reservation reservation = *budget.Reserve(60, "a test");
  const absl::Status refused = budget.Reserve(41, "7 patterns").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("asked 41 bytes for 7 patterns, free 40, limit 100"));
  EXPECT_EQ(budget.used_bytes(), 60);
  EXPECT_TRUE(budget.Reserve(40, "the rest").ok());
}

}  // namespace
}  // namespace engram
