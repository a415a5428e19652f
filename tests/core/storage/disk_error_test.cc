// A disk that is full or fails: nothing is lost, and writes resume.

#include "core/base/error.h"
#include "core/storage/database_health.h"
#include "core/storage/rocks_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

class DiskErrorTest : public JournalTest {
 protected:
  // Writes until one succeeds, letting a second pass in between. The real time that RocksDB takes to get over
  // an error by itself is the only thing waited for.
  absl::Status StoreUntilItSucceeds() {
    absl::Status status;
    for (int i = 0; i < 3000; ++i) {
      clock_.Advance(absl::Seconds(1));
      status = Store(1, 5000, 1);
      if (status.ok()) return status;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return status;
  }
};

std::string ReasonOf(const absl::Status& status) {
  const auto details = FindErrorDetails(status);
  return details.has_value() ? details->reason : "";
}

TEST_F(DiskErrorTest, TooLittleSpaceIsRefusedBeforeWriting) {
  RocksJournalOptions options = Options();
  options.min_free_bytes = 1 << 20;
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  files_->SetCapacity(files_->used_bytes() + (1 << 20) + 2000);
  const absl::Status status = Store(1, 0, 100);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  EXPECT_TRUE(journal_->healthy());
  // Deleting is a way out.
  files_->SetCapacity(files_->used_bytes() + (1 << 20) - 2000);
  EXPECT_TRUE(journal_->DeleteBank(1).ok());
}

TEST_F(DiskErrorTest, AFullDiskLosesNothingAndWritesResume) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 50).ok());
  files_->SetCapacity(files_->used_bytes() + 3000);
  absl::Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) status = Store(1, 100 + 10 * i, 10);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DISK_FULL");
  ExpectStamps();  // Reads go on.
  files_->SetCapacity(INT64_MAX);
  status = StoreUntilItSucceeds();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(journal_->healthy());
  ExpectStamps();
  journal_.reset();
  files_->Restart(true);  // And now the power.
  Open();
  ExpectStamps();
}

// A failed write leaves half a record in the log; what is acknowledged after it must not hide behind it.
TEST_F(DiskErrorTest, TheFirstWriteAfterOpeningMayFail) {
  for (const int64_t room : {0, 10, 100, 1000}) {
    Open();
    if (room == 0) {
      ASSERT_TRUE(Create(1).ok());
    }
    Open();
    files_->SetCapacity(files_->used_bytes() + room);
    EXPECT_FALSE(Store(1, 100, 100).ok());
    files_->SetCapacity(INT64_MAX);
    const absl::Status status = StoreUntilItSucceeds();
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(Store(1, 200, 10).ok());
    journal_.reset();
    files_->Restart(true);
    Open();
    ExpectStamps();
  }
}

// A database all of whose records are in tables, so that its log is new and its write buffers are empty.
class NewLogTest : public DiskErrorTest {
 protected:
  void OpenDatabase() {
    const RocksJournalOptions options = Options();
    auto opened = RocksDatabase::Open({options.data_dir, options.log, options.env, /*min_free_bytes=*/0},
                                      RocksDatabase::Access::kWrite);
    ASSERT_TRUE(opened.ok()) << opened.status();
    database_ = *std::move(opened);
    ASSERT_TRUE(Write().ok());
    ASSERT_TRUE(database_->db()->Flush({}, {database_->banks(), database_->patterns()}).ok());
  }
  // One record, in both families.
  absl::Status Write() {
    const absl::Status prepared = database_->PrepareWrite(/*bytes=*/0, /*makes_room=*/false, clock_.Now());
    if (!prepared.ok()) return prepared;
    rocksdb::WriteBatch batch;
    EXPECT_TRUE(batch.Put(database_->banks(), "key", "value").ok());
    EXPECT_TRUE(batch.Put(database_->patterns(), "key", std::string(1 << 20, 'x')).ok());
    return database_->Write(&batch, /*sync=*/true, "writing");
  }
  absl::Status WriteUntilItFails() {
    absl::Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) status = Write();
    return status;
  }

  std::unique_ptr<RocksDatabase> database_;
};

TEST_F(NewLogTest, ADiskThatIsFullBeforeItIsWrittenToIsGotOver) {
  files_->AllocateFiles();
  OpenDatabase();
  files_->SetCapacity(files_->used_bytes());
  EXPECT_EQ(ReasonOf(WriteUntilItFails()), "DISK_FULL");
  files_->SetCapacity(INT64_MAX);
  clock_.Advance(absl::Seconds(1));
  const absl::Status status = Write();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(database_->healthy());
}

// Then RocksDB would go on with the broken log.
TEST_F(NewLogTest, WithoutRoomWritesStayRefusedUntilOpenedAnew) {
  OpenDatabase();
  files_->SetCapacity(files_->used_bytes() + 1000);
  EXPECT_EQ(ReasonOf(Write()), "DISK_FULL");
  files_->SetCapacity(INT64_MAX);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_FALSE(Write().ok());
  }
  EXPECT_FALSE(database_->healthy());
  EXPECT_THAT(log(), testing::HasSubstr("until the server is started anew"));
  database_.reset();
  OpenDatabase();
}

TEST_F(DiskErrorTest, AFullDiskDuringALargeStoreLeavesTheOldState) {
  RocksJournalOptions options = Options();
  options.bulk_bytes = 100;
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 50).ok());
  for (const int64_t room : {0, 1000, 4000, 5500, 6000, 7000}) {
    files_->SetCapacity(files_->used_bytes() + room);
    const absl::Status status = Store(1, 100, 100);
    ASSERT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    ExpectStamps();
    files_->SetCapacity(INT64_MAX);
    ASSERT_TRUE(StoreUntilItSucceeds().ok());
  }
  Open();
  ExpectStamps();
}

// RocksDB does not trust its log after such an error; a new start does, as far as it was synced.
TEST_F(DiskErrorTest, AFailingDiskIsUnavailableUntilOpenedAnew) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 50).ok());
  files_->FailWrites(true);
  const absl::Status status = Store(1, 100, 10);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(ReasonOf(status), "STORAGE_UNAVAILABLE");
  EXPECT_FALSE(journal_->healthy());
  EXPECT_TRUE(absl::IsUnavailable(Store(1, 100, 10)));
  ExpectStamps();
  files_->FailWrites(false);
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(absl::IsUnavailable(Store(1, 100, 10)));
  Open();
  EXPECT_TRUE(journal_->healthy());
  ExpectStamps();
  EXPECT_TRUE(Store(1, 100, 10).ok());
  ExpectStamps();
}

TEST_F(DiskErrorTest, ADiskThatTurnsReadOnlyStillReads) {
  Open();
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 50).ok());
  files_->SetReadOnly(true);
  EXPECT_TRUE(absl::IsUnavailable(Store(1, 100, 10)));
  EXPECT_TRUE(absl::IsUnavailable(Create(2)));
  EXPECT_TRUE(absl::IsUnavailable(journal_->DeleteBank(1)));
  ExpectStamps();
}

TEST(DatabaseHealthTest, AnErrorDuringAResumptionStands) {
  DatabaseHealth health([](LogLevel, const std::string&) {});
  rocksdb::Status error = rocksdb::Status::IOError("first");
  health.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
  EXPECT_FALSE(health.healthy());
  const int64_t errors = health.errors();
  health.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
  health.Recovered(errors);
  EXPECT_FALSE(health.healthy());
  health.Recovered(health.errors());
  EXPECT_TRUE(health.healthy());
}

}  // namespace
}  // namespace engram
