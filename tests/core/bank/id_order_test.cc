#include "core/bank/id_order.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

TEST(IdOrderTest, SortsByIdAndFindsPositions) {
  const IdOrder order({{30, {0, 1}}, {10, {1, 0}}, {20, {0, 0}}});
  EXPECT_EQ(order.ids(), (std::vector<uint64_t>{10, 20, 30}));
  EXPECT_EQ(order.rows()[0].segment, 1);
  EXPECT_EQ(order.rows()[2].index, 1);
  EXPECT_EQ(order.PositionOf(20), 1);
  EXPECT_EQ(order.PositionOf(21), -1);
  EXPECT_EQ(order.PositionOf(31), -1);
  EXPECT_EQ(order.LowerBound(0), 0);
  EXPECT_EQ(order.LowerBound(11), 1);
  EXPECT_EQ(order.LowerBound(31), 3);
}

}  // namespace
}  // namespace engram
