// The directory of backups: what is refused, and what is in it.

#include "core/storage/backup_directory.h"

#include "core/storage/stored_snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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
