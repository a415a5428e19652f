// The directory of backups: what is refused, and what is in it.

#include "core/storage/backup_directory.h"

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "core/storage/byte_record.h"
#include "core/storage/crc32c.h"
#include "core/storage/snapshot_record.h"
#include "core/storage/stored_snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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

TEST_F(BackupDirectoryTest, APowerLossWhileItIsMadeLeavesOneThatCanBeUsed) {
  ASSERT_TRUE(OpenWith("").ok());
  bool is_made = false;
  for (int64_t operations = 0; !is_made; ++operations) {
    files_->CutPowerAfter(operations);
    is_made = OpenWith("/backups").ok();
    files_->CutPowerAfter(0);
    journal_.reset();
    files_->Restart(/*tears=*/true);
    const absl::Status status = OpenWith("/backups");
    ASSERT_TRUE(status.ok()) << operations << ": " << status;
    journal_.reset();
    if (is_made) break;
    files_ = std::make_shared<LossyFileSystem>(static_cast<uint64_t>(operations));
    ASSERT_TRUE(OpenWith("").ok());
  }
  EXPECT_THAT(log(), Not(HasSubstr("not Engram's")));
}

TEST_F(BackupDirectoryTest, OneWhoseDiskIsGoneIsUnavailableAndNothingIsMadeInItsPlace) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
  const std::vector<std::string> metas = files_->Files("/backups/meta");
  files_->Remove("/backups/BACKUPS");
  SnapshotStore& backups = *journal_->backups();
  for (const absl::Status& status :
       {backups.Create("b", NoProgress()).status(), backups.List().status(), backups.Get("a").status(),
        backups.Open("a").status(), backups.Verify("a", NoProgress()).status(), backups.Delete("a")}) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("look whether its disk is mounted"));
  }
  EXPECT_EQ(files_->Files("/backups/meta"), metas);
}

TEST_F(BackupDirectoryTest, OneOfANewerEngramIsNotDamaged) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
  std::string record = EncodeSnapshotRecord({"a", clock_.Now(), {}});
  std::string meta;
  ASSERT_TRUE(rocksdb::ReadFileToString(MakeEnv(files_).get(), "/backups/meta/1", &meta).ok());
  const std::string older = rocksdb::Slice(record).ToString(/*hex=*/true);
  record.resize(record.size() - 4);
  record[0] = 2;
  ByteWriter(&record).U32(MaskedCrc32c(record));
  ASSERT_TRUE(absl::StrContains(meta, older));
  files_->Put("/backups/meta/1",
              absl::StrReplaceAll(meta, {{older, rocksdb::Slice(record).ToString(/*hex=*/true)}}));
  const auto infos = journal_->backups()->List();
  ASSERT_TRUE(infos.ok());
  ASSERT_EQ(infos->size(), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition((*infos)[0].status)) << (*infos)[0].status;
  EXPECT_THAT(std::string((*infos)[0].status.message()), HasSubstr("version 2 of a newer Engram"));
  EXPECT_TRUE(absl::IsFailedPrecondition(journal_->backups()->Open("unreadable-1").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(journal_->backups()->Verify("unreadable-1", NoProgress()).status()));
}

TEST_F(BackupDirectoryTest, ABackupThatFailsLeavesTheFilesOfDamagedOnes) {
  ASSERT_TRUE(OpenWith("/backups").ok());
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 200'000).ok());
  ASSERT_TRUE(journal_->backups()->Create("a", NoProgress()).ok());
  files_->Remove("/backups/private/1/CURRENT");
  ASSERT_TRUE(Store(1, 0, 200'000).ok());
  const std::vector<std::string> before = files_->Files("/backups/shared_checksum");
  int calls = 0;
  const auto stop = [&](int64_t, int64_t) {
    return ++calls > 2 ? absl::CancelledError("enough") : absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsCancelled(journal_->backups()->Create("b", stop).status()));
  EXPECT_EQ(files_->Files("/backups/shared_checksum"), before);
  EXPECT_FALSE(files_->Files("/backups/private/1").empty());
  EXPECT_TRUE(journal_->backups()->Create("b", NoProgress()).ok());
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
