#include "core/storage/rocks_journal.h"

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "core/storage/checkpoint_store.h"
#include "core/storage/data_directory.h"
#include "core/storage/rocks_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::HasSubstr;
using testing::Not;

class RocksJournalTest : public JournalTest {};

TEST_F(RocksJournalTest, BanksComeBackWithSettingsCountsAndRows) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Create(2).ok());
  ASSERT_TRUE(Store(1, 0, 100).ok());
  ASSERT_TRUE(Store(1, 50, 100).ok());
  ASSERT_TRUE(Delete(1, {0, 149}).ok());
  BankSettings changed = StampedSettings("bank-2");
  changed.max_patterns = 77;
  ASSERT_TRUE(journal_->UpdateBank(2, changed).ok());
  Open();
  ASSERT_EQ(journal_->banks().size(), 2);
  EXPECT_EQ(journal_->banks()[0].settings->name, "bank-1");
  EXPECT_EQ(journal_->banks()[0].counts.version, 3);
  EXPECT_EQ(journal_->banks()[0].counts.pattern_count, 148);
  EXPECT_EQ(journal_->banks()[0].counts.next_id, 1'000'000);
  EXPECT_EQ(journal_->banks()[1].settings->max_patterns, 77);
  EXPECT_EQ(journal_->banks()[1].counts.pattern_count, 0);
  EXPECT_EQ(journal_->next_bank_id(), 3);
  ExpectStamps();
}

TEST_F(RocksJournalTest, LargeChangesFoldTheirSteps) {
  RocksJournalOptions options = Options();
  options.bulk_bytes = 100;
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 50).ok());
  const BankSettings settings = StampedSettings("bank-1");
  // 7 is stored twice, 8 deleted and stored again, 9 stored and deleted.
  const StampedRows first(settings, {30, 7, 9, 100}, 1001);
  const StampedRows second(settings, {8, 7}, 1002);
  const std::vector<uint64_t> deleted = {8, 9, 49};
  Stamps stamps = stamps_[1];
  stamps[30] = stamps[100] = 1001;
  stamps[7] = stamps[8] = 1002;
  stamps.erase(9);
  stamps.erase(49);
  const std::vector<PatternChange> changes = {{first.rows(), {}}, {{}, deleted}, {second.rows(), {}}};
  ASSERT_TRUE(Change(1, changes, stamps).ok());
  ExpectStamps();
  Open();
  ExpectStamps();
  EXPECT_TRUE(files_->Files("/data/ingest").empty());
}

TEST_F(RocksJournalTest, LeftOversOfACrashAreRemoved) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  RocksJournalOptions options = Options();
  options.bulk_bytes = 100;
  journal_.reset();
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Store(1, 0, 50).ok());
  journal_.reset();
  files_->Put("/data/ingest/9.patterns", "cut sho");
  Open();
  EXPECT_TRUE(files_->Files("/data/ingest").empty());
  ExpectStamps();
}

TEST_F(RocksJournalTest, DeletedBanksAreGoneAndTheirIdsToo) {
  Open();
  for (const int64_t bank_id : {1, 2, 3}) {
    ASSERT_TRUE(Create(bank_id).ok());
    ASSERT_TRUE(Store(bank_id, 0, 20).ok());
  }
  ASSERT_TRUE(journal_->DeleteBank(3).ok());
  ASSERT_TRUE(journal_->DeleteBank(1).ok());
  stamps_.erase(1);
  stamps_.erase(3);
  Open();
  ASSERT_EQ(journal_->banks().size(), 1);
  EXPECT_EQ(journal_->banks()[0].bank_id, 2);
  EXPECT_EQ(journal_->next_bank_id(), 4);
  ExpectStamps();
}

TEST_F(RocksJournalTest, DeletingABankGivesItsSpaceBack) {
  RocksJournalOptions options = Options();
  options.bulk_bytes = 100;
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 20'000).ok());
  const int64_t before = files_->used_bytes();
  ASSERT_TRUE(journal_->DeleteBank(1).ok());
  journal_.reset();
  EXPECT_LT(files_->used_bytes(), before / 4);
}

TEST_F(RocksJournalTest, VolatileBanksLeaveNoTrace) {
  Open();
  const BankSettings settings = StampedSettings("volatile", Durability::kVolatile);
  ASSERT_TRUE(journal_->CreateBank(1, settings).ok());
  const StampedRows rows(settings, {1, 2}, 1);
  ASSERT_TRUE(journal_->ChangePatterns(1, settings, {PatternChange{rows.rows(), {}}}, {1, 2, 3}).ok());
  Open();
  EXPECT_TRUE(journal_->banks().empty());
  EXPECT_EQ(journal_->next_bank_id(), 1);
}

TEST_F(RocksJournalTest, ABankWithoutValuesOrPayloadsComesBack) {
  Open();
  BankSettings settings = StampedSettings("plain");
  settings.value_dim = 0;
  ASSERT_TRUE(journal_->CreateBank(1, settings).ok());
  const std::vector<uint64_t> ids = {5};
  const std::vector<float> row(settings.dim, 2);
  const PatternRows rows = {ids, {row.data(), 1, settings.dim}, {}, {}};
  ASSERT_TRUE(journal_->ChangePatterns(1, settings, {PatternChange{rows, {}}}, {1, 1, 6}).ok());
  Open();
  int64_t found = 0;
  ASSERT_TRUE(journal_
                  ->ReadPatterns(1, settings,
                                 [&](const PatternRows& batch) {
                                   found += batch.patterns.rows();
                                   EXPECT_EQ(batch.values.rows(), 0);
                                   EXPECT_EQ(batch.payloads[0], "");
                                   EXPECT_EQ(batch.patterns.row(0), absl::MakeConstSpan(row));
                                   return absl::OkStatus();
                                 })
                  .ok());
  EXPECT_EQ(found, 1);
}

TEST_F(RocksJournalTest, BatchesAreBoundedAndTheVisitorCanStop) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 40'000).ok());
  int calls = 0;
  const absl::Status status =
      journal_->ReadPatterns(1, StampedSettings("bank-1"), [&](const PatternRows& batch) {
        EXPECT_LT(batch.patterns.size() * 4, 2 << 20);
        return ++calls == 2 ? absl::CancelledError("enough") : absl::OkStatus();
      });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(calls, 2);
}

TEST_F(RocksJournalTest, MissingPatternsAreDataLoss) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(journal_->ChangePatterns(1, StampedSettings("bank-1"), {}, {1, 5, 5}).ok());
  const absl::Status status = ReadStamps(*journal_, 1, StampedSettings("bank-1")).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("got 0 patterns, its counts say 5"));
}

TEST_F(RocksJournalTest, DamagedCountsNameTheBank) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(journal_->ChangePatterns(1, StampedSettings("bank-1"), {}, {-1, 0, 0}).ok());
  const absl::Status status = ReadStamps(*journal_, 1, StampedSettings("bank-1")).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("bank 1 ('bank-1'): counts: "));
  EXPECT_TRUE(FindErrorDetails(status).has_value());
}

TEST_F(RocksJournalTest, ASecondOpenIsRefused) {
  Open();
  const absl::Status status = OpenError();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use by another process"));
}

TEST_F(RocksJournalTest, DirectoriesThatCannotBeUsedSayWhatToDo) {
  RocksJournalOptions options = Options();
  options.data_dir = "/no/such/parent";
  absl::Status status = RocksJournal::Open(options).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot be made"));

  files_->Put("/file", "x");
  options.data_dir = "/file";
  status = RocksJournal::Open(options).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not a directory"));

  Open();
  journal_.reset();
  files_->SetReadOnly(true);
  status = OpenError();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot be written"));
}

// Its parent is synced, not itself.
TEST_F(RocksJournalTest, ADirectoryNamedWithSlashesAtItsEndIsMadeDurably) {
  RocksJournalOptions options = Options();
  options.data_dir = "/data//";
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  journal_.reset();
  files_->Restart(false);
  EXPECT_TRUE(MakeEnv(files_)->FileExists("/data").ok());
}

// Nothing is repaired in a directory that another process may be writing.
TEST_F(RocksJournalTest, PreparingHoldsTheLock) {
  Open();
  journal_.reset();
  const StorageLog log = [](LogLevel, const std::string&) {};
  {
    const auto directory = PrepareDataDirectory(files_.get(), "/data", log);
    ASSERT_TRUE(directory.ok());
    EXPECT_TRUE(directory->has_database);
    EXPECT_THAT(std::string(OpenError().message()), HasSubstr("in use by another process"));
  }
  Open();
}

TEST_F(RocksJournalTest, AHalfDeletedDirectoryIsRefused) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  journal_.reset();
  files_->Remove("/data/CURRENT");
  const absl::Status status = OpenError();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("no file CURRENT"));
}

TEST_F(RocksJournalTest, StrangeFilesAreWarnedOf) {
  Open();
  journal_.reset();
  files_->Put("/data/notes.txt", "x");
  Open();
  EXPECT_THAT(log(), HasSubstr("'notes.txt', which is not Engram's"));
}

TEST_F(RocksJournalTest, ASnapshotIsADataDirectory) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 10).ok());
  ASSERT_TRUE(journal_->snapshots()->Create("copy", NoProgress()).ok());
  const auto expected = stamps_;
  ASSERT_TRUE(Store(1, 0, 20).ok());
  RocksJournalOptions options = Options();
  options.data_dir = "/data/snapshots/copy";
  EXPECT_TRUE(RocksJournal::Verify(options).ok());
  journal_.reset();
  journal_ = RocksJournal::Open(options).value();
  stamps_ = expected;
  ExpectStamps();
  EXPECT_THAT(log(), Not(HasSubstr("not Engram's")));
}

TEST_F(RocksJournalTest, CompactionsWaitUntilTheBanksAreLoaded) {
  Open();
  journal_.reset();
  const DatabaseOptions options{"/data", [](LogLevel, const std::string&) {}, MakeEnv(files_), 0};
  const auto open = [&] { return RocksDatabase::Open(options, RocksDatabase::Access::kWrite).value(); };
  {
    const auto database = open();
    EXPECT_TRUE(database->PrepareWrite(1, false, absl::Now()).ok());
    EXPECT_TRUE(database->patterns_options().disable_auto_compactions);
    database->StartCompactions();
    EXPECT_FALSE(database->patterns_options().disable_auto_compactions);
    database->KeepFilesAsTheyAre();
    EXPECT_TRUE(database->patterns_options().disable_auto_compactions);
  }
  // Damage that is known before they begin is not forgotten.
  const auto database = open();
  database->KeepFilesAsTheyAre();
  database->StartCompactions();
  EXPECT_TRUE(database->patterns_options().disable_auto_compactions);
  EXPECT_FALSE(database->banks_options().disable_auto_compactions);
}

// Its files are links to the database's.
TEST_F(RocksJournalTest, DamageFoundInASnapshotKeepsTheDatabasesFilesAsTheyAre) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  ASSERT_TRUE(journal_->snapshots()->Create("a", NoProgress()).ok());
  journal_.reset();
  std::string table;
  int64_t bytes = 0;
  for (const std::string& path : files_->Files("/data/snapshots/a")) {
    if (!absl::EndsWith(path, ".sst") || files_->FileSize(path) < bytes) continue;
    table = path;
    bytes = files_->FileSize(path);
  }
  files_->FlipBit(table, 8 * bytes / 3);
  const DatabaseOptions options{"/data", [](LogLevel, const std::string&) {}, MakeEnv(files_), 0};
  const auto database = RocksDatabase::Open(options, RocksDatabase::Access::kWrite).value();
  database->StartCompactions();
  CheckpointStore store(database.get(), &clock_);
  EXPECT_FALSE(database->patterns_options().disable_auto_compactions);
  EXPECT_FALSE(store.Verify("a", NoProgress()).value().empty());
  EXPECT_TRUE(database->patterns_options().disable_auto_compactions);
}

TEST_F(RocksJournalTest, VerifyFindsDamageAndOtherBanksStillRead) {
  RocksJournalOptions options = Options();
  options.bulk_bytes = 100;
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Create(2).ok());
  ASSERT_TRUE(Store(1, 0, 100).ok());
  ASSERT_TRUE(Store(2, 0, 100).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(RocksJournal::Verify(options)));  // It is in use.
  journal_.reset();
  EXPECT_TRUE(RocksJournal::Verify(options).ok());
  std::string largest;
  for (const std::string& path : files_->Files("/data")) {
    if (path.find(".sst") != std::string::npos && files_->FileSize(path) > 4000) {
      largest = path;
      break;
    }
  }
  files_->FlipBit(largest, 8 * 500);
  EXPECT_TRUE(absl::IsDataLoss(RocksJournal::Verify(options)));
  EXPECT_THAT(log(), HasSubstr(largest.substr(6)));

  Open();
  const absl::Status first = ReadStamps(*journal_, 1, StampedSettings("bank-1")).status();
  EXPECT_TRUE(absl::IsDataLoss(first)) << first;
  EXPECT_THAT(std::string(first.message()), HasSubstr(largest.substr(6)));
  // What is damaged can be deleted; the others are served and written.
  stamps_.erase(1);
  ExpectStamps();
  ASSERT_TRUE(Store(2, 1000, 10).ok());
  ASSERT_TRUE(journal_->DeleteBank(1).ok());
  Open();
  ExpectStamps();
}

}  // namespace
}  // namespace engram
