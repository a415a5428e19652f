// Snapshots on a disk that is full, damaged or loses its power: what fails leaves nothing, what was made
// stays, and no row is wrong.

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/snapshot_fixture.h"

namespace engram {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

using SnapshotFailureTest = SnapshotTest;

INSTANTIATE_TEST_SUITE_P(Places, SnapshotFailureTest,
                         testing::Values(Place::kDataDirectory, Place::kBackupDirectory), PlaceName());

TEST_P(SnapshotFailureTest, AnErrorOfTheVisitorLeavesNothing) {
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

TEST_P(SnapshotFailureTest, AFullDiskLeavesNothingAndALaterOneSucceeds) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  Make("base");
  ASSERT_TRUE(Store(1, 100, 900).ok());
  ASSERT_TRUE(Store(1, 5, 9).ok());
  const std::vector<std::string> before = PlaceFiles();
  int failures = 0;
  constexpr int64_t kStep = int64_t{4} << 20;  // That a backup wants to be free, beside what it writes.
  for (const int64_t room :
       std::initializer_list<int64_t>{0, 1500, 5000, 20'000, kStep + 5000, kStep + 60'000}) {
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

TEST_P(SnapshotFailureTest, TooLittleSpaceIsRefusedBeforeAnythingIsWritten) {
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

TEST_P(SnapshotFailureTest, SurvivesAPowerLossOnceItWasMade) {
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

TEST_P(SnapshotFailureTest, APowerLossOnTheWayLeavesAllOrNothing) {
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

TEST_P(SnapshotFailureTest, StaysDeletedAfterAPowerLoss) {
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

TEST_P(SnapshotFailureTest, EachDamagedFileIsFoundAndNoRowIsWrong) {
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

TEST_P(SnapshotFailureTest, AMissingFileIsDamageAndTheSnapshotCanBeDeleted) {
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

}  // namespace
}  // namespace engram
