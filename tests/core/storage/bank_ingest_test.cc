// Banks that come into the journal with all their patterns: whole or not at all.

#include "core/storage/bank_ingest.h"

#include "core/base/error.h"
#include "core/storage/rocks_journal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::IsEmpty;

class BankIngestTest : public JournalTest {
 protected:
  void SetUp() override { Open(); }
  std::unique_ptr<BankImport> Begin(int64_t bank_id, Durability durability = Durability::kSynced) {
    return journal_->ImportBank(bank_id, StampedSettings(absl::StrCat("bank-", bank_id), durability)).value();
  }
  // Adds `count` patterns from `first` on; `stamps_` follows.
  absl::Status Add(BankImport* import, int64_t bank_id, uint64_t first, int64_t count) {
    std::vector<uint64_t> ids(count);
    std::iota(ids.begin(), ids.end(), first);
    const StampedRows rows(StampedSettings("x"), ids, ++stamp_);
    for (const uint64_t id : ids) stamps_[bank_id][id] = stamp_;
    return import->Add(rows.rows());
  }
  BankCounts Counts(int64_t bank_id) {
    return {42, static_cast<int64_t>(stamps_[bank_id].size()), 1'000'000};
  }
};

TEST_F(BankIngestTest, APublishedBankIsThereWithItsCountsAfterAPowerLoss) {
  for (const Durability durability : {Durability::kRelaxed, Durability::kSynced}) {
    const int64_t bank_id = durability == Durability::kRelaxed ? 7 : 8;
    const auto import = Begin(bank_id, durability);
    ASSERT_TRUE(Add(import.get(), bank_id, 3, 100).ok());
    ASSERT_TRUE(Add(import.get(), bank_id, 500, 2000).ok());
    ASSERT_TRUE(import->Publish(Counts(bank_id)).ok());
  }
  EXPECT_EQ(journal_->next_bank_id(), 9);
  files_->CutPowerAfter(0);
  journal_.reset();
  files_->Restart(/*tears=*/true);
  Open();
  ASSERT_EQ(journal_->banks().size(), 2);
  EXPECT_EQ(journal_->banks()[0].settings->name, "bank-7");
  EXPECT_EQ(journal_->banks()[0].counts.version, 42);
  EXPECT_EQ(journal_->banks()[0].counts.pattern_count, 2100);
  EXPECT_EQ(journal_->banks()[0].counts.next_id, 1'000'000);
  EXPECT_EQ(journal_->next_bank_id(), 9);
  ExpectStamps();
  EXPECT_THAT(files_->Files("/data/ingest"), IsEmpty());
  // And is a bank like any other.
  ASSERT_TRUE(Store(7, 50, 20).ok());
  ASSERT_TRUE(Delete(8, {3, 4}).ok());
  ASSERT_TRUE(Create(9).ok());
  Open();
  ExpectStamps();
}

TEST_F(BankIngestTest, ABankWithoutPatternsIsABank) {
  ASSERT_TRUE(Begin(1)->Publish({5, 0, 17}).ok());
  Open();
  ASSERT_EQ(journal_->banks().size(), 1);
  EXPECT_EQ(journal_->banks()[0].counts.next_id, 17);
}

TEST_F(BankIngestTest, WhatWasNotPublishedLeavesNothing) {
  {
    const auto import = Begin(1);
    ASSERT_TRUE(Add(import.get(), 1, 0, 1000).ok());
  }
  EXPECT_THAT(files_->Files("/data/ingest"), IsEmpty());
  Open();
  EXPECT_THAT(journal_->banks(), IsEmpty());
  EXPECT_EQ(journal_->next_bank_id(), 1);
}

TEST_F(BankIngestTest, ManyTablesAreOneBank) {
  const BankSettings settings = StampedSettings("bank-1");
  const auto import = journal_->ImportBank(1, settings).value();
  const std::vector<float> pattern(6, 1), value(2, 2);
  constexpr uint64_t kRows = 80;
  for (uint64_t id = 0; id < kRows; ++id) {
    const std::vector<std::string> payload = {std::string(1 << 20, static_cast<char>('a' + id % 26))};
    ASSERT_TRUE(
        import->Add({absl::MakeConstSpan(&id, 1), {pattern.data(), 1, 6}, {value.data(), 1, 2}, payload})
            .ok());
  }
  EXPECT_EQ(files_->Files("/data/ingest").size(), 2);
  ASSERT_TRUE(import->Publish({1, kRows, kRows}).ok());
  Open();
  uint64_t found = 0;
  ASSERT_TRUE(journal_
                  ->ReadPatterns(1, settings,
                                 [&](const PatternRows& rows) {
                                   for (size_t i = 0; i < rows.ids.size(); ++i, ++found) {
                                     EXPECT_EQ(rows.ids[i], found);
                                     EXPECT_EQ(rows.payloads[i],
                                               std::string(1 << 20, static_cast<char>('a' + found % 26)));
                                   }
                                   return absl::OkStatus();
                                 })
                  .ok());
  EXPECT_EQ(found, kRows);
}

TEST_F(BankIngestTest, TooLittleSpaceIsRefusedAndLeavesNothing) {
  RocksJournalOptions options = Options();
  options.min_free_bytes = 1 << 20;
  journal_.reset();
  journal_ = RocksJournal::Open(options).value();
  {
    const auto import = Begin(1);
    ASSERT_TRUE(Add(import.get(), 1, 0, 1000).ok());
    files_->SetCapacity(files_->used_bytes() + (1 << 20) + 1000);
    const absl::Status status = Add(import.get(), 1, 1000, 1000);
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_EQ(FindErrorDetails(status)->reason, "DISK_FULL");
  }
  EXPECT_THAT(files_->Files("/data/ingest"), IsEmpty());
}

TEST_F(BankIngestTest, VolatileBanksLeaveNoTrace) {
  const auto import = Begin(1, Durability::kVolatile);
  ASSERT_TRUE(Add(import.get(), 1, 0, 10).ok());
  ASSERT_TRUE(import->Publish(Counts(1)).ok());
  Open();
  EXPECT_THAT(journal_->banks(), IsEmpty());
}

}  // namespace
}  // namespace engram
