#include "core/bank/bank_rows.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace engram {
namespace {

// Rows that a test appends and kills.
class BankRowsTest : public ::testing::Test {
 protected:
  BankRowsTest() {
    settings_.name = "test";
    settings_.dim = 1;
    rows_.emplace(std::make_shared<const BankSettings>(settings_), BankMemory{&budget_});
  }

  // Appends rows, each with `payload`.
  void Append(int64_t count, const std::string& payload = "") {
    Reservation payload_memory = *rows_->ReservePayloads(count * BankRows::PayloadBytes(payload));
    ASSERT_TRUE(rows_->MakeRoom(count).ok());
    for (int64_t i = 0; i < count; ++i) {
      const float x = 1;
      places_.push_back(rows_->Append(places_.size(), 1, {&x, 1}, {}, payload, &payload_memory));
    }
    EXPECT_EQ(payload_memory.bytes(), 0);
  }
  void Kill(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) rows_->Kill(places_[i], 2);
  }

  BankSettings settings_;
  MemoryBudget budget_{int64_t{1} << 30};
  std::optional<BankRows> rows_;
  std::vector<RowRef> places_;  // Of row i.
};

TEST_F(BankRowsTest, ASegmentThatIsDroppedGivesThePayloadsOfItsRowsBackAndNoOthers) {
  const std::string payload(1000, 'x');
  Append(60);
  Append(10, payload);  // Four of them into the first segment, the others into the second.
  ASSERT_EQ(rows_->segments().size(), 2u);
  Kill(0, 64);
  *rows_ = rows_->DropDeadSegments().rows;
  ASSERT_EQ(rows_->segments().size(), 1u);
  const int64_t capacity = rows_->segments()[0]->capacity();
  EXPECT_EQ(budget_.used_bytes(),
            Segment::BytesFor(capacity, settings_) + 6 * BankRows::PayloadBytes(payload));
  EXPECT_EQ(rows_->memory_bytes(), budget_.used_bytes());
}

TEST_F(BankRowsTest, PayloadsOfDeadRowsAreDeadBytes) {
  const std::string payload(1000, 'x');
  Append(10, payload);
  Append(60);
  EXPECT_EQ(rows_->dead_bytes(), 0);
  const int64_t living_bytes = rows_->living_bytes();
  Kill(0, 4);
  EXPECT_GE(rows_->dead_bytes(), 4 * BankRows::PayloadBytes(payload));
  EXPECT_EQ(rows_->dead_bytes() + rows_->living_bytes(), living_bytes);
  const BankRows dropped = rows_->DropDeadSegments().rows;
  EXPECT_EQ(dropped.dead_bytes(), rows_->dead_bytes()) << "both segments have living rows";
}

TEST_F(BankRowsTest, RowsFillTheSegmentsInTheirOrder) {
  Append(50);
  ASSERT_TRUE(rows_->MakeRoom(200).ok());
  Append(200);
  const auto count = static_cast<int32_t>(rows_->segments().size());
  ASSERT_GT(count, 1);
  size_t row = 0;
  for (int32_t s = 0; s < count; ++s) {
    for (int32_t i = 0; i < rows_->segment_rows()[s]; ++i, ++row) {
      EXPECT_EQ(places_[row].segment, s);
      EXPECT_EQ(places_[row].index, i);
    }
    if (s + 1 < count) {
      EXPECT_EQ(rows_->segment_rows()[s], rows_->segments()[s]->capacity());
    }
  }
  EXPECT_EQ(row, places_.size());
}

TEST_F(BankRowsTest, KnowsWhetherASegmentIsDead) {
  Append(64);
  Append(64);
  Kill(0, 63);
  EXPECT_FALSE(rows_->has_dead_segments());
  Kill(63, 64);
  EXPECT_TRUE(rows_->has_dead_segments());
  *rows_ = rows_->DropDeadSegments().rows;
  EXPECT_FALSE(rows_->has_dead_segments());
  EXPECT_EQ(rows_->living_count(), 64);
}

TEST_F(BankRowsTest, RoomThatTheBudgetLacksTakesNothing) {
  Append(64);
  const int64_t used = budget_.used_bytes();
  EXPECT_EQ(rows_->LackFor(64, 0).host_bytes, 0);
  constexpr int64_t kMany = int64_t{1} << 24;
  EXPECT_EQ(rows_->MakeRoom(kMany).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(rows_->LackFor(kMany, 0).host_bytes, 0);
  EXPECT_EQ(rows_->LackFor(kMany, 0).device_rows, 0) << "there is none";
  EXPECT_EQ(budget_.used_bytes(), used);
  EXPECT_EQ(rows_->segments().size(), 1u);
}

}  // namespace
}  // namespace engram
