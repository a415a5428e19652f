// Snapshots in both places: what was copied is what there was, damage is found, and what fails leaves
// nothing.

#include "core/storage/snapshot_store.h"

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "core/base/error.h"
#include "core/storage/stored_snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string ReasonOf(const absl::Status& status) {
  const auto details = FindErrorDetails(status);
  return details.has_value() ? details->reason : "";
}

enum class Place { kDataDirectory, kBackupDirectory };

class SnapshotStoreTest : public JournalTest, public testing::WithParamInterface<Place> {
 protected:
  RocksJournalOptions SnapshotOptions() {
    RocksJournalOptions options = Options();
    options.backup_dir = "/backups";
    options.bulk_bytes = 20'000;
    return options;
  }
  void Open() {
    journal_.reset();
    auto opened = RocksJournal::Open(SnapshotOptions());
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
  }
  void SetUp() override { Open(); }
  SnapshotStore& store() {
    return GetParam() == Place::kDataDirectory ? *journal_->snapshots() : *journal_->backups();
  }
  std::vector<std::string> Names() {
    const auto infos = store().List();
    EXPECT_TRUE(infos.ok()) << infos.status();
    std::vector<std::string> names;
    for (const SnapshotInfo& info : *infos) names.push_back(info.name);
    return names;
  }
  void Make(const std::string& name) {
    const auto made = store().Create(name, NoProgress());
    ASSERT_TRUE(made.ok()) << made.status();
  }
  void ExpectSnapshot(const std::string& name, const std::map<int64_t, Stamps>& expected) {
    const auto snapshot = store().Open(name);
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    ASSERT_EQ((*snapshot)->banks().size(), expected.size());
    for (const StoredBank& bank : (*snapshot)->banks()) {
      ASSERT_TRUE(bank.settings.ok());
      const auto found = ReadStamps(**snapshot, bank.bank_id, *bank.settings);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(*found, expected.at(bank.bank_id));
    }
  }
  // Files of snapshots, and what is left of none.
  std::vector<std::string> PlaceFiles() {
    std::vector<std::string> paths;
    for (const char* folder :
         {"/data/snapshots", "/data/snapshots/a", "/data/snapshots/.backup.tmp", "/data/snapshots/a.tmp",
          "/backups/meta", "/backups/private/1", "/backups/private/2", "/backups/shared_checksum"}) {
      for (const std::string& path : files_->Files(folder)) paths.push_back(path);
    }
    return paths;
  }
  // The files that belong to the snapshot "a" alone or, shared, to it too.
  std::vector<std::string> SnapshotFiles() {
    if (GetParam() == Place::kDataDirectory) return files_->Files("/data/snapshots/a");
    std::vector<std::string> paths;
    for (const char* folder : {"/backups/meta", "/backups/private/1", "/backups/shared_checksum"}) {
      for (const std::string& path : files_->Files(folder)) paths.push_back(path);
    }
    return paths;
  }
};

INSTANTIATE_TEST_SUITE_P(Places, SnapshotStoreTest,
                         testing::Values(Place::kDataDirectory, Place::kBackupDirectory),
                         [](const testing::TestParamInfo<Place>& place) {
                           return place.param == Place::kDataDirectory ? "Checkpoints" : "Backups";
                         });

TEST_P(SnapshotStoreTest, HoldsTheBanksAsTheyWere) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Create(2).ok());
  ASSERT_TRUE(Store(1, 0, 30).ok());
  ASSERT_TRUE(Store(2, 0, 800).ok());
  clock_.Advance(absl::Hours(5));
  const absl::Time first_time = clock_.Now();
  Make("a");
  const auto first = stamps_;
  ASSERT_TRUE(Store(1, 10, 900).ok());
  ASSERT_TRUE(Store(2, 5, 10).ok());
  clock_.Advance(absl::Hours(1));
  Make("b.2");
  const auto second = stamps_;
  ASSERT_TRUE(journal_->DeleteBank(2).ok());
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(Names(), ElementsAre("b.2", "a"));
    ExpectSnapshot("a", first);
    ExpectSnapshot("b.2", second);
    const auto info = store().Get("a");
    ASSERT_TRUE(info.ok());
    EXPECT_TRUE(info->status.ok()) << info->status;
    EXPECT_EQ(info->create_time, first_time);
    EXPECT_GT(info->file_bytes, 10'000);
    ASSERT_EQ(info->banks.size(), 2);
    EXPECT_EQ(info->banks[1].settings->name, "bank-2");
    EXPECT_EQ(info->banks[1].counts.version, 2);
    EXPECT_EQ(info->banks[1].counts.pattern_count, 800);
    const auto findings = store().Verify("a", NoProgress());
    ASSERT_TRUE(findings.ok()) << findings.status();
    EXPECT_THAT(*findings, IsEmpty());
    Open();
  }
  ASSERT_TRUE(store().Delete("a").ok());
  EXPECT_THAT(Names(), ElementsAre("b.2"));
  ExpectSnapshot("b.2", second);
  EXPECT_THAT(log(), Not(HasSubstr("not Engram's")));
}

TEST_P(SnapshotStoreTest, HasNothingAtFirstAndMayHoldNothing) {
  EXPECT_THAT(Names(), IsEmpty());
  Make("empty");
  ExpectSnapshot("empty", {});
}

TEST_P(SnapshotStoreTest, HostileNamesAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("/x"),
        std::string("a/b"), std::string(".x"), std::string("-x"), std::string("x.tmp"), std::string("x y"),
        std::string("x\0y", 3), std::string("\xc3\xa4"), std::string(129, 'x'), std::string(200, 'x')}) {
    for (const absl::Status& status :
         {store().Create(name, NoProgress()).status(), store().Get(name).status(),
          store().Open(name).status(), store().Verify(name, NoProgress()).status(), store().Delete(name)}) {
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << name << ": " << status;
    }
  }
  Make(std::string(128, 'x'));
}

TEST_P(SnapshotStoreTest, UnknownNamesAreNotFoundAndKnownOnesExist) {
  for (const absl::Status& status : {store().Get("a").status(), store().Open("a").status(),
                                     store().Verify("a", NoProgress()).status(), store().Delete("a")}) {
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_EQ(ReasonOf(status), "SNAPSHOT_NOT_FOUND");
  }
  Make("a");
  const absl::Status again = store().Create("a", NoProgress()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_EQ(ReasonOf(again), "SNAPSHOT_EXISTS");
}

TEST_P(SnapshotStoreTest, OneIsAtWorkAtATimeAndListsDoNotWait) {
  Make("a");
  {
    const auto snapshot = store().Open("a");
    ASSERT_TRUE(snapshot.ok());
    for (const absl::Status& status : {store().Create("b", NoProgress()).status(), store().Open("a").status(),
                                       store().Verify("a", NoProgress()).status(), store().Delete("a")}) {
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      EXPECT_EQ(ReasonOf(status), "SNAPSHOTS_BUSY");
    }
    EXPECT_THAT(Names(), ElementsAre("a"));
    EXPECT_TRUE(store().Get("a").ok());
  }
  EXPECT_TRUE(store().Delete("a").ok());
}

TEST_P(SnapshotStoreTest, AnErrorOfTheVisitorLeavesNothing) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 500).ok());
  for (int calls = 0; calls < 2; ++calls) {
    int left = calls;
    const absl::Status status =
        store()
            .Create("a",
                    [&](int64_t, int64_t) {
                      return left-- > 0 ? absl::OkStatus() : absl::CancelledError("enough");
                    })
            .status();
    // A small backup is whole before it says how far it is.
    if (status.ok()) break;
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_THAT(Names(), IsEmpty());
    EXPECT_THAT(PlaceFiles(), IsEmpty());
  }
}

TEST_P(SnapshotStoreTest, AFullDiskLeavesNothingAndALaterOneSucceeds) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  Make("base");
  ASSERT_TRUE(Store(1, 100, 900).ok());
  ASSERT_TRUE(Store(1, 5, 9).ok());
  const std::vector<std::string> before = PlaceFiles();
  int failures = 0;
  for (const int64_t room : {0, 1500, 5000, 20'000}) {
    files_->SetCapacity(files_->used_bytes() + room);
    const auto made = store().Create("a", NoProgress());
    files_->SetCapacity(INT64_MAX);
    // The flush before it may have failed, which RocksDB gets over by itself.
    for (int i = 0; i < 3000 && !journal_->healthy(); ++i) {
      clock_.Advance(absl::Seconds(1));
      if (Store(1, 5, 1).ok()) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    if (made.ok()) {
      ASSERT_TRUE(store().Delete("a").ok());
      continue;
    }
    ++failures;
    EXPECT_TRUE(absl::IsResourceExhausted(made.status())) << made.status();
    EXPECT_EQ(ReasonOf(made.status()), "DISK_FULL");
    EXPECT_THAT(Names(), ElementsAre("base"));
    EXPECT_THAT(files_->Files("/data/snapshots/a.tmp"), IsEmpty());
    EXPECT_THAT(files_->Files("/data/snapshots/.backup.tmp"), IsEmpty());
    EXPECT_THAT(files_->Files("/backups/private/2"), IsEmpty());
  }
  EXPECT_GT(failures, 0);
  ASSERT_TRUE(Store(1, 5, 1).ok());
  Make("a");
  ExpectSnapshot("a", stamps_);
}

TEST_P(SnapshotStoreTest, TooLittleSpaceIsRefusedBeforeAnythingIsWritten) {
  RocksJournalOptions options = SnapshotOptions();
  options.min_free_bytes = 1 << 20;
  journal_.reset();
  journal_ = RocksJournal::Open(options).value();
  files_->SetCapacity(files_->used_bytes() + 1000);
  const absl::Status status = store().Create("a", NoProgress()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_THAT(PlaceFiles(), IsEmpty());
}

TEST_P(SnapshotStoreTest, SurvivesAPowerLossOnceItWasMade) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    journal_.reset();
    files_ = std::make_shared<LossyFileSystem>(seed);
    stamps_.clear();
    Open();
    ASSERT_TRUE(Create(1).ok());
    ASSERT_TRUE(Store(1, 0, 700).ok());
    ASSERT_TRUE(Store(1, 0, 30).ok());
    Make("a");
    const auto expected = stamps_;
    ASSERT_TRUE(Store(1, 10, 700).ok());
    files_->CutPowerAfter(0);
    journal_.reset();
    files_->Restart(/*tears=*/true);
    Open();
    ASSERT_THAT(Names(), ElementsAre("a"));
    ExpectSnapshot("a", expected);
  }
}

TEST_P(SnapshotStoreTest, APowerLossOnTheWayLeavesAllOrNothing) {
  int made = 0;
  int lost = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    journal_.reset();
    files_ = std::make_shared<LossyFileSystem>(seed);
    stamps_.clear();
    Open();
    ASSERT_TRUE(Create(1).ok());
    ASSERT_TRUE(Store(1, 0, 700).ok());
    ASSERT_TRUE(Store(1, 0, 30).ok());
    files_->CutPowerAfter(static_cast<int64_t>(4 * seed));
    const bool is_made = store().Create("a", NoProgress()).ok();
    files_->CutPowerAfter(0);
    journal_.reset();
    files_->Restart(/*tears=*/true);
    Open();
    ExpectStamps();
    const std::vector<std::string> names = Names();
    ++(names.empty() ? lost : made);
    if (is_made) {
      EXPECT_THAT(names, ElementsAre("a")) << seed;
    }
    if (names.empty()) {
      EXPECT_THAT(PlaceFiles(), IsEmpty()) << seed;
      Make("a");
    }
    const auto findings = store().Verify("a", NoProgress());
    ASSERT_TRUE(findings.ok()) << seed << ": " << findings.status();
    EXPECT_THAT(*findings, IsEmpty()) << seed;
    if (findings->empty()) ExpectSnapshot("a", stamps_);
  }
  EXPECT_GT(made, 0);
  EXPECT_GT(lost, 0);
}

TEST_P(SnapshotStoreTest, StaysDeletedAfterAPowerLoss) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    journal_.reset();
    files_ = std::make_shared<LossyFileSystem>(seed);
    stamps_.clear();
    Open();
    Make("a");
    Make("b");
    ASSERT_TRUE(store().Delete("a").ok());
    files_->CutPowerAfter(0);
    journal_.reset();
    files_->Restart(/*tears=*/true);
    Open();
    EXPECT_THAT(Names(), ElementsAre("b"));
    EXPECT_THAT(files_->Files("/data/snapshots/a.tmp"), IsEmpty());
  }
}

// Writers, each of a bank of its own: small stores, large ones and deletions. A version says what the
// bank holds, so that any state between two changes shows.
TEST_P(SnapshotStoreTest, EachBankIsAsAfterOneOfItsChangesWhileOthersWrite) {
  constexpr int kWriters = 3;
  files_->SetSyncTime(absl::Milliseconds(2));
  std::atomic<bool> is_done = false;
  std::vector<std::map<int64_t, Stamps>> histories(kWriters);
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    const BankSettings settings = StampedSettings(absl::StrCat("bank-", w + 1), Durability::kRelaxed);
    ASSERT_TRUE(journal_->CreateBank(w + 1, settings).ok());
    writers.emplace_back([&, w, settings] {
      Stamps stamps;
      histories[w][0] = stamps;
      for (uint32_t version = 1; !is_done; ++version) {
        const int64_t count = version % 3 == 0 ? 400 : 7;  // Of three one is large.
        std::vector<uint64_t> ids(count);
        std::iota(ids.begin(), ids.end(), version % 50);
        const StampedRows rows(settings, ids, version);
        for (const uint64_t id : ids) stamps[id] = version;
        histories[w][version] = stamps;
        const BankCounts counts{version, static_cast<int64_t>(stamps.size()), 1000};
        ASSERT_TRUE(journal_->ChangePatterns(w + 1, settings, {PatternChange{rows.rows(), {}}}, counts).ok());
      }
    });
  }
  for (int i = 0; i < 6; ++i) Make(absl::StrCat("s", i));
  is_done = true;
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < 6; ++i) {
    const auto snapshot = store().Open(absl::StrCat("s", i));
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    ASSERT_EQ((*snapshot)->banks().size(), kWriters);
    for (const StoredBank& bank : (*snapshot)->banks()) {
      const auto found = ReadStamps(**snapshot, bank.bank_id, *bank.settings);
      ASSERT_TRUE(found.ok()) << i << ": " << found.status();
      EXPECT_EQ(*found, histories[bank.bank_id - 1].at(bank.counts.version))
          << i << ", bank " << bank.bank_id;
    }
  }
}

TEST_P(SnapshotStoreTest, EachDamagedFileIsFoundAndNoRowIsWrong) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Create(2).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  ASSERT_TRUE(Store(2, 0, 30).ok());
  Make("a");
  const auto expected = stamps_;
  journal_.reset();
  const std::shared_ptr<LossyFileSystem> whole = files_->Clone(1);
  int found = 0;
  for (const std::string& path : SnapshotFiles()) {
    for (const int64_t eighth : {0, 3, 7}) {
      files_ = whole->Clone(1);
      const int64_t bytes = files_->FileSize(path);
      if (bytes == 0) continue;
      files_->FlipBit(path, bytes * eighth + 1);
      Open();
      const auto findings = store().Verify("a", NoProgress());
      const bool is_found = (findings.ok() && !findings->empty()) || absl::IsNotFound(findings.status());
      found += is_found ? 1 : 0;
      // Settings of the database are not read; the backup engine has checksums of them too.
      const bool is_harmless = absl::StrContains(path, "OPTIONS") || absl::StrContains(path, "/meta/");
      EXPECT_TRUE(is_found || is_harmless) << path << ", " << eighth << ": " << findings.status();
      const auto snapshot = store().Open("a");
      if (!snapshot.ok()) {
        EXPECT_TRUE(absl::IsDataLoss(snapshot.status()) || absl::IsNotFound(snapshot.status()))
            << path << ": " << snapshot.status();
        continue;
      }
      for (const StoredBank& bank : (*snapshot)->banks()) {
        if (!bank.settings.ok()) continue;
        const auto stamps = ReadStamps(**snapshot, bank.bank_id, *bank.settings);
        if (stamps.ok()) {
          EXPECT_EQ(*stamps, expected.at(bank.bank_id)) << path;
        } else {
          EXPECT_TRUE(absl::IsDataLoss(stamps.status())) << path << ": " << stamps.status();
        }
      }
    }
    journal_.reset();
  }
  EXPECT_GT(found, 10);
}

TEST_P(SnapshotStoreTest, AMissingFileIsDamageAndTheSnapshotCanBeDeleted) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  Make("a");
  journal_.reset();
  const std::shared_ptr<LossyFileSystem> whole = files_->Clone(1);
  for (const std::string& path : SnapshotFiles()) {
    if (absl::StrContains(path, "/meta/")) continue;  // Without it there is no backup.
    files_ = whole->Clone(1);
    files_->Remove(path);
    Open();
    const auto infos = store().List();
    ASSERT_TRUE(infos.ok());
    ASSERT_EQ(infos->size(), 1) << path;
    EXPECT_EQ((*infos)[0].name, "a") << path;
    EXPECT_TRUE(absl::IsDataLoss((*infos)[0].status)) << path << ": " << (*infos)[0].status;
    EXPECT_TRUE(absl::IsDataLoss(store().Open("a").status())) << path;
    const auto findings = store().Verify("a", NoProgress());
    ASSERT_TRUE(findings.ok()) << findings.status();
    EXPECT_THAT(*findings, Not(IsEmpty()));
    EXPECT_TRUE(store().Delete("a").ok());
    EXPECT_THAT(Names(), IsEmpty());
    Make("a");
    ExpectSnapshot("a", stamps_);
    journal_.reset();
  }
}

TEST_P(SnapshotStoreTest, LogFilesAppearNowhere) {
  ASSERT_TRUE(Create(1).ok());
  Make("a");
  for (const char* folder : {"/data", "/backups", "/data/snapshots/a", "/backups/private/1"}) {
    for (const std::string& path : files_->Files(folder)) {
      EXPECT_FALSE(absl::EndsWith(path, "/LOG") || absl::StrContains(path, "LOG.old")) << path;
    }
  }
}

class BackupDirectoryTest : public JournalTest {
 protected:
  absl::Status OpenWith(const std::string& backup_dir) {
    journal_.reset();
    RocksJournalOptions options = Options();
    options.backup_dir = backup_dir;
    auto opened = RocksJournal::Open(options);
    if (opened.ok()) journal_ = *std::move(opened);
    return opened.status();
  }
  void ExpectRefused(const std::string& backup_dir, const std::string& why) {
    const absl::Status status = OpenWith(backup_dir);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("backup directory " + backup_dir + " " + why));
  }
};

TEST_F(BackupDirectoryTest, OneThatCannotBeUsedIsRefused) {
  ExpectRefused("/data", "is in the data directory");
  ExpectRefused("/data/backups", "is in the data directory");
  ExpectRefused("/other/../data/x/", "is in the data directory");
  ExpectRefused("/none/backups", "does not exist and cannot be made");
  files_->Put("/file", "x");
  ExpectRefused("/file", "is not a directory");
  files_->Put("/other/meta/1", "x");
  ASSERT_TRUE(MakeEnv(files_)->CreateDirIfMissing("/other").ok());
  ASSERT_TRUE(MakeEnv(files_)->CreateDirIfMissing("/other/meta").ok());
  ExpectRefused("/other", "holds 'meta', but no file BACKUPS");
  EXPECT_EQ(files_->FileSize("/other/meta/1"), 1);
  ASSERT_TRUE(OpenWith("").ok());
  EXPECT_EQ(journal_->backups(), nullptr);
}

TEST_F(BackupDirectoryTest, OneThatAnotherServerHasIsRefused) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  RocksJournalOptions options = Options();
  options.data_dir = "/data2";
  options.backup_dir = "/backups";
  const absl::Status status = RocksJournal::Open(options).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is in use by another process"));
}

TEST_F(BackupDirectoryTest, AnEmptyServerHasTheBackupsOfALostOne) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 100).ok());
  ASSERT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
  journal_.reset();
  RocksJournalOptions options = Options();
  options.data_dir = "/data2";
  options.backup_dir = "/backups";
  journal_ = RocksJournal::Open(options).value();
  const auto snapshot = journal_->backups()->Open("a");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(*ReadStamps(**snapshot, 1, StampedSettings("bank-1")), stamps_[1]);
}

TEST_F(BackupDirectoryTest, FilesAreCopiedOnce) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 20'000).ok());
  ASSERT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
  const int64_t before = files_->used_bytes();
  ASSERT_TRUE(Store(1, 0, 10).ok());
  ASSERT_TRUE(journal_->backups()->Create("b", NoProgress()).ok());
  EXPECT_LT(files_->used_bytes() - before, 100'000);
}

TEST_F(BackupDirectoryTest, ACancelledBackupLeavesNothing) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 200'000).ok());  // More than the engine copies before it says so.
  int calls = 0;
  const auto stop = [&](int64_t, int64_t) {
    return ++calls > 2 ? absl::CancelledError("enough") : absl::OkStatus();
  };
  const absl::Status status = journal_->backups()->Create("a", stop).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_THAT(files_->Files("/backups/meta"), IsEmpty());
  EXPECT_THAT(files_->Files("/backups/shared_checksum"), IsEmpty());
  EXPECT_THAT(files_->Files("/backups/private/1"), IsEmpty());
  EXPECT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
}

}  // namespace
}  // namespace engram
