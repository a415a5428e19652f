// The rows of banks on a device, of which these tests make one.

#include "core/bank/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "core/bank/memory_banks.h"
#include "core/bank/restoring_bank.h"
#include "tests/core/bank/fake_residency.h"
#include "tests/core/bank/held_journal.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/bank/visible_patterns.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kPlenty = int64_t{1} << 30;

std::vector<uint64_t> Ids(uint64_t begin, uint64_t end) {
  std::vector<uint64_t> ids(end - begin);
  std::iota(ids.begin(), ids.end(), begin);
  return ids;
}

// Rows [n, dim], each full of its id and `stamp`.
std::vector<float> Rows(const std::vector<uint64_t>& ids, int64_t dim, float stamp) {
  std::vector<float> rows;
  for (const uint64_t id : ids) rows.insert(rows.end(), dim, static_cast<float>(id) + stamp);
  return rows;
}

PatternRows Batch(const std::vector<uint64_t>& ids, const std::vector<float>& rows, int64_t dim) {
  PatternRows batch;
  batch.ids = ids;
  batch.patterns = {rows.data(), static_cast<int64_t>(ids.size()), dim};
  return batch;
}

// Whether `snapshot` shows one of the rows from `begin` on of `segment`.
bool Shows(const BankSnapshot& snapshot, const Segment& segment, int64_t begin) {
  for (int64_t s = 0; s < snapshot.segment_count(); ++s) {
    if (&snapshot.segment(s) == &segment) return snapshot.rows_in_segment(s) > begin;
  }
  return false;
}

// A bank on the host and on a device.
class ResidencyTest : public ::testing::Test {
 protected:
  static constexpr int64_t kDim = 3;

  ResidencyTest() {
    device_.OnCopy([this](const Segment& segment, int64_t begin, int64_t) {
      EXPECT_FALSE(Shows(bank_->Pin(), segment, begin)) << "published before it was copied";
    });
  }

  absl::Status Store(const std::vector<uint64_t>& ids, float stamp = 0) {
    return bank_.Store(Rows(ids, kDim, stamp), ids).status();
  }
  void ExpectResident() {
    FakeResidency::ExpectHas(bank_->Pin());
    EXPECT_EQ(bank_->device_bytes(), device_.used_bytes());
    EXPECT_EQ(bank_->memory_bytes(), bank_.budget().used_bytes());
  }

  FakeResidency device_{kPlenty};
  TestBank bank_{kDim, 0, 0, int64_t{1} << 30, Screening::kInt8, &device_};
};

TEST_F(ResidencyTest, StoredRowsAreCopiedOncePerSegmentBeforeTheyShow) {
  EXPECT_EQ(bank_->device_bytes(), 0);
  ASSERT_TRUE(Store(Ids(0, 50)).ok());
  ASSERT_TRUE(Store(Ids(50, 70)).ok());
  EXPECT_THAT(device_.copies(), ElementsAre(50, 14, 6)) << "the first segment has 64 rows";
  EXPECT_THAT(device_.purposes()[0], HasSubstr("64 patterns of bank 'test'"));
  ExpectResident();
}

TEST_F(ResidencyTest, ReplacedPatternsAreCopiedAndDeletedOnesStay) {
  ASSERT_TRUE(Store(Ids(0, 10)).ok());
  const BankSnapshot old = bank_->Pin();
  ASSERT_TRUE(Store({3, 20}, 0.5).ok());
  ASSERT_TRUE(bank_->Delete({5}, false).ok());
  EXPECT_THAT(device_.copies(), ElementsAre(10, 2));
  ExpectResident();
  FakeResidency::ExpectHas(old);
}

TEST_F(ResidencyTest, ChangedSettingsCopyNothing) {
  ASSERT_TRUE(Store(Ids(0, 10)).ok());
  BankSettings settings = *bank_->settings();
  settings.max_patterns = 100;
  ASSERT_TRUE(*bank_->Update(bank_->settings(), settings));
  EXPECT_THAT(device_.copies(), ElementsAre(10));
}

TEST_F(ResidencyTest, ANewLayoutIsCopiedBeforeItShows) {
  ASSERT_TRUE(Store(Ids(0, 10'000)).ok());
  std::vector<uint64_t> doomed;
  for (uint64_t id = 0; id < 10'000; ++id) {
    if (id % 10 != 9) doomed.push_back(id);
  }
  ASSERT_TRUE(bank_->Delete(doomed, false).ok());
  const uint64_t layout = bank_->Pin().layout_id();
  const int64_t before = device_.used_rows();
  bool is_first = true;
  bank_->Compact([&] {
    if (!std::exchange(is_first, false)) return false;
    EXPECT_TRUE(Store({9, 20'000, 20'001}, 0.5).ok());
    EXPECT_TRUE(bank_->Delete({19, 20'001}, false).ok());
    return false;
  });
  EXPECT_NE(bank_->Pin().layout_id(), layout);
  EXPECT_LT(device_.used_rows(), before);
  ExpectResident();
  ASSERT_TRUE(Store(Ids(30'000, 32'000)).ok());
  ExpectResident();
}

TEST_F(ResidencyTest, ACompactionThatStopsLeavesNothingOnTheDevice) {
  ASSERT_TRUE(Store(Ids(0, 1000)).ok());
  ASSERT_TRUE(Store(Ids(1000, 2000)).ok());
  ASSERT_TRUE(bank_->Delete(Ids(1, 1000), false).ok());
  const int64_t used = device_.used_rows();
  const size_t copies = device_.copies().size();
  int calls = 0;
  bank_->Compact([&] { return ++calls > 3; });
  EXPECT_EQ(calls, 4);
  EXPECT_GT(device_.copies().size(), copies) << "some rows had been copied";
  EXPECT_EQ(device_.used_rows(), used);
  ExpectResident();
}

TEST_F(ResidencyTest, SegmentsThatStayWhenOthersAreDroppedAreNotCopiedAgain) {
  for (uint64_t id = 0; id < 1000; id += 50) ASSERT_TRUE(Store(Ids(id, id + 50)).ok());
  ASSERT_TRUE(bank_->Delete(Ids(0, 500), false).ok());
  device_.set_limit_rows(device_.used_rows());  // No room for a second copy.
  const size_t copies = device_.copies().size();
  const int64_t used = device_.used_rows();
  bank_->Compact([] { return false; });
  EXPECT_LT(device_.used_rows(), used);
  EXPECT_EQ(device_.copies().size(), copies);
  ExpectResident();
  const BankSnapshot compacted = bank_->Pin();
  ASSERT_TRUE(Store(Ids(2000, 2050)).ok());
  ASSERT_TRUE(Store(Ids(2050, 2100)).ok());
  ExpectResident();
  FakeResidency::ExpectHas(compacted);
}

TEST_F(ResidencyTest, AStoreForWhichTheDeviceHasNoRoomChangesNothing) {
  ASSERT_TRUE(Store(Ids(0, 60)).ok());
  device_.set_limit_rows(64 + (64 << 10));  // The largest segment there is, where two are needed.
  const BankSnapshot before = bank_->Pin();
  const int64_t used = bank_.budget().used_bytes();
  const absl::Status status = Store(Ids(100, 70'000));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("device"));
  EXPECT_EQ(bank_->Pin().version(), before.version());
  EXPECT_EQ(bank_->Pin().segment_count(), 1);
  EXPECT_EQ(bank_.budget().used_bytes(), used);
  EXPECT_EQ(device_.used_rows(), 64);
  ExpectResident();
  EXPECT_TRUE(Store(Ids(60, 64)).ok()) << "there is room for these";
  ExpectResident();
}

TEST_F(ResidencyTest, SegmentsAreReservedAllOrNone) {
  BankSettings settings;
  settings.name = "wide";
  settings.dim = int64_t{16} << 10;
  MemoryBudget budget(int64_t{1} << 30);
  BankRows rows(std::make_shared<const BankSettings>(settings), {&budget, &device_});
  device_.set_limit_rows(1000);
  EXPECT_EQ(rows.MakeRoom(1500).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(device_.purposes().size(), 1u) << "some of the segments fitted";
  EXPECT_EQ(device_.used_rows(), 0);
  EXPECT_EQ(budget.used_bytes(), 0);
  EXPECT_THAT(rows.segments(), IsEmpty());
  EXPECT_EQ(rows.device_bytes(), 0);
  ASSERT_TRUE(rows.MakeRoom(500).ok());
  EXPECT_EQ(rows.device_bytes(), device_.used_bytes());
}

TEST_F(ResidencyTest, AStoreMakesRoomOnTheDeviceByDroppingDeadRows) {
  ASSERT_TRUE(Store(Ids(0, 64)).ok());
  ASSERT_TRUE(Store(Ids(64, 128)).ok());
  device_.set_limit_rows(device_.used_rows());
  EXPECT_EQ(Store(Ids(200, 264)).code(), absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(bank_->Delete(Ids(0, 64), false).ok());
  EXPECT_TRUE(Store(Ids(200, 264)).ok());
  EXPECT_EQ(bank_->Pin().pattern_count(), 128);
  ExpectResident();
}

TEST_F(ResidencyTest, AStoreThatDroppingDeadRowsCannotMakeRoomForCompactsNothing) {
  ASSERT_TRUE(Store(Ids(0, 64)).ok());
  ASSERT_TRUE(Store(Ids(64, 128)).ok());
  device_.set_limit_rows(device_.used_rows());
  ASSERT_TRUE(bank_->Delete(Ids(0, 63), false).ok());
  const uint64_t layout = bank_->Pin().layout_id();
  const size_t reserved = device_.purposes().size();
  const absl::Status status = Store(Ids(200, 264));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(device_.purposes().size(), reserved + 1) << "a compaction asked for memory";
  EXPECT_EQ(bank_->Pin().layout_id(), layout);
  ASSERT_TRUE(bank_->Delete({63}, false).ok());
  EXPECT_TRUE(Store(Ids(200, 264)).ok()) << "64 dead rows make room for 64";
  ExpectResident();
}

TEST_F(ResidencyTest, WhatIsLackingIsToldOfTheHostAndOfTheDevice) {
  MemoryBudget budget(int64_t{1} << 20);
  BankSettings settings;
  settings.dim = kDim;
  BankRows rows(std::make_shared<const BankSettings>(settings), {&budget, &device_});
  device_.set_limit_rows(100);
  EXPECT_EQ(rows.LackFor(100, 0).device_rows, 0);
  EXPECT_EQ(rows.LackFor(100, 0).host_bytes, 0);
  EXPECT_EQ(rows.LackFor(130, 0).device_rows, 30);
  EXPECT_EQ(rows.LackFor(130, int64_t{1} << 21).device_rows, 30);
  EXPECT_GT(rows.LackFor(130, int64_t{1} << 21).host_bytes, int64_t{1} << 20);
  device_.Decline();
  EXPECT_EQ(rows.LackFor(130, 0).device_rows, 0);
}

TEST_F(ResidencyTest, OverwritingOnePatternForEverNeedsNoMoreOfTheDevice) {
  device_.set_limit_rows(256);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(Store({7}, static_cast<float>(i)).ok()) << i;
  ExpectResident();
}

TEST_F(ResidencyTest, TheDeviceKeepsASegmentAsLongAsASnapshotHasIt) {
  ASSERT_TRUE(Store(Ids(0, 64)).ok());
  auto snapshot = std::make_unique<BankSnapshot>(bank_->Pin());
  ASSERT_TRUE(bank_->Delete(Ids(0, 64), false).ok());
  bank_->Compact([] { return false; });
  EXPECT_EQ(bank_->device_bytes(), 0);
  EXPECT_EQ(device_.used_rows(), 64);
  FakeResidency::ExpectHas(*snapshot);
  snapshot.reset();
  EXPECT_EQ(device_.used_rows(), 0);
}

TEST_F(ResidencyTest, ABankThatTheDeviceDeclinesIsOnTheHostAlone) {
  device_.Decline();
  ASSERT_TRUE(Store(Ids(0, 1000)).ok());
  ASSERT_TRUE(bank_->Delete(Ids(0, 999), false).ok());
  bank_->Compact([] { return false; });
  EXPECT_EQ(bank_->Pin().segment(0).resident(), nullptr);
  EXPECT_EQ(bank_->device_bytes(), 0);
  EXPECT_THAT(device_.copies(), IsEmpty());
}

// Writers and compactions at the same time.
TEST_F(ResidencyTest, RowsOfWritersThatGoTogetherAreCopiedBeforeTheyShow) {
  constexpr uint64_t kWriters = 4;
  constexpr int kStores = 300;
  std::atomic<uint64_t> at_work{kWriters};
  std::vector<std::thread> writers;
  for (uint64_t w = 0; w < kWriters; ++w) {
    writers.emplace_back([this, w, &at_work] {
      const std::vector<uint64_t> ids = Ids(10 * w, 10 * w + 10);
      for (int i = 0; i < kStores; ++i) EXPECT_TRUE(Store(ids, static_cast<float>(i)).ok());
      --at_work;
    });
  }
  while (at_work > 0) {
    bank_->Compact([] { return false; });
    FakeResidency::ExpectHas(bank_->Pin());
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(bank_->Pin().pattern_count(), static_cast<int64_t>(10 * kWriters));
  ExpectResident();
}

// Banks on a device, with a journal that can be held.
class ResidentBanksTest : public ::testing::Test {
 protected:
  static constexpr int64_t kDim = 2;

  static BankSettings Settings() {
    BankSettings settings;
    settings.name = "test";
    settings.dim = kDim;
    settings.durability = Durability::kSynced;
    return settings;
  }

  FakeResidency device_{kPlenty};
  MemoryBudget budget_{int64_t{1} << 26};
  HeldJournal journal_;
  MemoryBanks banks_{3, {&budget_, &device_}, &journal_};
};

TEST_F(ResidentBanksTest, AWriteThatTheJournalRefusesIsNotCopied) {
  const auto bank = *banks_.Create(Settings());
  const int64_t used = budget_.used_bytes();
  journal_.FailEvery(1);
  EXPECT_FALSE(bank->Store(Batch({1}, {1, 2}, kDim)).ok());
  EXPECT_THAT(device_.copies(), IsEmpty());
  EXPECT_EQ(device_.used_rows(), 0);
  EXPECT_EQ(budget_.used_bytes(), used);
}

TEST_F(ResidentBanksTest, AGroupOfWritesIsOneCopy) {
  const auto bank = *banks_.Create(Settings());
  journal_.Hold();
  std::vector<std::thread> writers;
  writers.emplace_back([&] { EXPECT_TRUE(bank->Store(Batch({1}, {1, 2}, kDim)).ok()); });
  journal_.AwaitCall();
  for (uint64_t w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      const std::vector<uint64_t> ids = Ids(10 * w + 10, 10 * w + 15);
      EXPECT_TRUE(bank->Store(Batch(ids, Rows(ids, kDim, 0), kDim)).ok());
    });
  }
  while (bank->waiting_writes() < 4) std::this_thread::yield();
  journal_.Release();
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(device_.copies(), ElementsAre(1, 15));
  FakeResidency::ExpectHas(bank->Pin());
}

TEST_F(ResidentBanksTest, ALoadedBankIsCopiedAsItComes) {
  const auto loader =
      *BankLoader::Make(7, Settings(), {/*version=*/1, /*pattern_count=*/300, /*next_id=*/300},
                        {{&budget_, &device_}, &journal_, nullptr});
  for (const auto& ids : {Ids(0, 100), Ids(100, 200), Ids(200, 300)}) {
    ASSERT_TRUE(loader->Add(Batch(ids, Rows(ids, kDim, 0), kDim)).ok());
  }
  const std::vector<int64_t> copies = device_.copies();
  EXPECT_GE(copies.size(), 3u);
  EXPECT_EQ(std::accumulate(copies.begin(), copies.end(), int64_t{0}), 300) << "before the end";
  const auto bank = *loader->Finish();
  FakeResidency::ExpectHas(bank->Pin());
  EXPECT_EQ(bank->device_bytes(), device_.used_bytes());
  const std::vector<uint64_t> more = Ids(300, 400);
  ASSERT_TRUE(bank->Store(Batch(more, Rows(more, kDim, 0), kDim)).ok());
  FakeResidency::ExpectHas(bank->Pin());
}

TEST_F(ResidentBanksTest, ABankForWhichTheDeviceHasNoRoomIsNotLoaded) {
  device_.set_limit_rows(100);
  const int64_t used = budget_.used_bytes();
  const auto loader =
      BankLoader::Make(7, Settings(), {1, 300, 300}, {{&budget_, &device_}, &journal_, nullptr});
  EXPECT_EQ(loader.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(budget_.used_bytes(), used);
  EXPECT_EQ(device_.used_rows(), 0);
}

TEST_F(ResidentBanksTest, ARestoredBankIsOnTheDevice) {
  auto restoring = *banks_.BeginRestoring(Settings(), {/*version=*/3, /*pattern_count=*/70, /*next_id=*/70});
  for (const auto& ids : {Ids(0, 40), Ids(40, 70)}) {
    ASSERT_TRUE(restoring->Add(Batch(ids, Rows(ids, kDim, 0), kDim)).ok());
  }
  const auto bank = *restoring->Finish();
  EXPECT_EQ(bank->Pin().pattern_count(), 70);
  FakeResidency::ExpectHas(bank->Pin());
  EXPECT_EQ(bank->device_bytes(), device_.used_bytes());
}

TEST_F(ResidentBanksTest, ADeletedBankLeavesTheDevice) {
  ASSERT_TRUE((*banks_.Create(Settings()))->Store(Batch({1}, {1, 2}, kDim)).ok());
  EXPECT_GT(device_.used_rows(), 0);
  ASSERT_TRUE(banks_.Delete("test").ok());
  EXPECT_EQ(device_.used_rows(), 0);
}

}  // namespace
}  // namespace engram
