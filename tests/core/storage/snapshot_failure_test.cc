// Snapshots on a disk that is full, damaged or loses its power: what fails leaves nothing, what was made
// stays, and no row is wrong.

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/snapshot_fixture.h"

namespace engram {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class SnapshotFailureTest : public SnapshotTest {
 protected:
  void OpenOnNewDisk(uint64_t seed) {
    journal_.reset();
    files_ = std::make_shared<LossyFileSystem>(seed);
    stamps_.clear();
    Open();
  }
  // After a power loss.
  void Restart() {
    files_->CutPowerAfter(0);
    journal_.reset();
    files_->Restart(/*tears=*/true);
    Open();
  }
  void ExpectWhole(const std::string& name, const std::map<int64_t, Stamps>& expected) {
    const auto findings = store().Verify(name, NoProgress());
    ASSERT_TRUE(findings.ok()) << name << ": " << findings.status();
    EXPECT_THAT(*findings, IsEmpty()) << name;
    if (findings->empty()) ExpectSnapshot(name, expected);
  }
  // Files of snapshots of which one is whole, that belong to none.
  std::vector<std::string> Unfinished() {
    std::vector<std::string> paths;
    for (const char* folder : {"/data/snapshots/.backup.tmp", "/data/snapshots/a.tmp"}) {
      for (const std::string& path : files_->Files(folder)) paths.push_back(path);
    }
    for (const char* folder : {"/backups/meta", "/backups/private", "/backups/shared_checksum"}) {
      for (const std::string& path : files_->Files(folder)) {
        if (absl::StrContains(path, ".tmp")) paths.push_back(path);
      }
    }
    for (const char* id : {"1", "2"}) {
      if (files_->FileSize(absl::StrCat("/backups/meta/", id)) >= 0) continue;
      for (const std::string& path : files_->Files(absl::StrCat("/backups/private/", id))) {
        paths.push_back(path);
      }
    }
    return paths;
  }
};

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
    OpenOnNewDisk(seed);
    ASSERT_TRUE(Create(1).ok());
    ASSERT_TRUE(Store(1, 0, 700).ok());
    ASSERT_TRUE(Store(1, 0, 30).ok());
    Make("a");
    const auto expected = stamps_;
    ASSERT_TRUE(Store(1, 10, 700).ok());
    Restart();
    ASSERT_THAT(Names(), ElementsAre("a"));
    ExpectSnapshot("a", expected);
  }
}

// With a file that an earlier one has too, and one that it has not.
TEST_P(SnapshotFailureTest, APowerLossOnTheWayLeavesAllOrNothing) {
  int made = 0;
  int lost = 0;
  for (int64_t operations = 0, is_made = 0; is_made == 0; ++operations) {
    OpenOnNewDisk(static_cast<uint64_t>(operations));
    ASSERT_TRUE(Create(1).ok());
    ASSERT_TRUE(Store(1, 0, 700).ok());
    Make("base");
    const auto base = stamps_;
    clock_.Advance(absl::Seconds(1));
    ASSERT_TRUE(Store(1, 0, 700).ok());
    ASSERT_TRUE(Store(1, 0, 30).ok());
    files_->CutPowerAfter(operations);
    is_made = store().Create("a", NoProgress()).ok() ? 1 : 0;
    Restart();
    ExpectStamps();
    const std::vector<std::string> names = Names();
    ASSERT_FALSE(names.empty()) << operations;
    ++(names.size() == 1 ? lost : made);
    ASSERT_EQ(names.back(), "base") << operations;
    ExpectWhole("base", base);
    if (is_made == 1) {
      ASSERT_THAT(names, ElementsAre("a", "base")) << operations;
    }
    if (names.size() == 1) {
      EXPECT_THAT(Unfinished(), IsEmpty()) << operations;
      Make("a");
    }
    ExpectWhole("a", stamps_);
  }
  EXPECT_GT(made, 0);
  EXPECT_GT(lost, 10);
}

TEST_P(SnapshotFailureTest, APowerLossWhileOneIsDeletedLeavesAllOrNothing) {
  int kept = 0;
  for (int64_t operations = 0, is_deleted = 0; is_deleted == 0; ++operations) {
    OpenOnNewDisk(static_cast<uint64_t>(operations));
    ASSERT_TRUE(Create(1).ok());
    ASSERT_TRUE(Store(1, 0, 700).ok());
    Make("a");
    const auto expected = stamps_;
    ASSERT_TRUE(Store(1, 0, 700).ok());
    Make("b");
    files_->CutPowerAfter(operations);
    is_deleted = store().Delete("a").ok() ? 1 : 0;
    Restart();
    const std::vector<std::string> names = Names();
    ASSERT_FALSE(names.empty()) << operations;
    ASSERT_EQ(names.front(), "b") << operations;
    ExpectWhole("b", stamps_);
    if (is_deleted == 1) {
      ASSERT_THAT(names, ElementsAre("b")) << operations;
    }
    if (names.size() == 1) {
      EXPECT_THAT(Unfinished(), IsEmpty()) << operations;
    } else {
      ++kept;
      ExpectWhole("a", expected);
    }
  }
  EXPECT_GT(kept, 0);
}

TEST_P(SnapshotFailureTest, StaysDeletedAfterAPowerLoss) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    OpenOnNewDisk(seed);
    Make("a");
    Make("b");
    ASSERT_TRUE(store().Delete("a").ok());
    Restart();
    EXPECT_THAT(Names(), ElementsAre("b"));
    EXPECT_THAT(files_->Files("/data/snapshots/a.tmp"), IsEmpty());
  }
}

// A server that has a file open does not see it rot.
TEST_P(SnapshotFailureTest, WhatCannotBeOpenedIsNotKept) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 700).ok());
  std::string table;
  for (const std::string& path : files_->Files("/data")) {
    if (absl::EndsWith(path, ".sst")) table = path;
  }
  files_->FlipBit(table, 8 * files_->FileSize(table) - 3);
  const absl::Status status = store().Create("a", NoProgress()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), table.substr(table.find_last_of('/')))) << status;
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_THAT(PlaceFiles(), IsEmpty());
}

TEST_P(SnapshotFailureTest, VerifyingCanBeCancelledAtAnyTimeAndSaysHowFarItIs) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  Make("a");
  std::vector<int64_t> done;
  int64_t total = 0;
  const auto findings = store().Verify("a", [&](int64_t done_bytes, int64_t total_bytes) {
    done.push_back(done_bytes);
    total = total_bytes;
    return absl::OkStatus();
  });
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_GT(done.size(), 3);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), total);
  for (size_t calls = 0; calls < done.size(); ++calls) {
    size_t left = calls;
    const auto cancelled = store().Verify("a", [&](int64_t, int64_t) {
      return left-- > 0 ? absl::OkStatus() : absl::CancelledError("enough");
    });
    EXPECT_TRUE(absl::IsCancelled(cancelled.status())) << calls << ": " << cancelled.status();
  }
}

// Which another list would take from what it remembers.
TEST_P(SnapshotFailureTest, ADamagedOneIsReadOnceUntilItIsVerified) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Store(1, 0, 900).ok());
  Make("a");
  journal_.reset();
  std::string path;
  for (const std::string& file : SnapshotFiles()) {
    if (absl::StrContains(file, "MANIFEST")) path = file;
  }
  files_->FlipBit(path, 100);
  Open();
  EXPECT_TRUE(absl::IsDataLoss(store().Get("a")->status));
  files_->FlipBit(path, 100);
  EXPECT_TRUE(absl::IsDataLoss(store().Get("a")->status));
  EXPECT_THAT(*store().Verify("a", NoProgress()), IsEmpty());
  EXPECT_TRUE(store().Get("a")->status.ok());
}

TEST_P(SnapshotFailureTest, AFolderInALeftOverDoesNotStopTheNextStart) {
  journal_.reset();
  const auto env = MakeEnv(files_);
  for (const char* folder :
       {"/data/snapshots", "/data/snapshots/x.tmp", "/data/snapshots/x.tmp/lost+found"}) {
    ASSERT_TRUE(env->CreateDirIfMissing(folder).ok());
  }
  files_->Put("/data/snapshots/x.tmp/lost+found/file", "x");
  Open();
  EXPECT_FALSE(env->FileExists("/data/snapshots/x.tmp").ok());
}

// What one call changes, its answer and the lists after it show, whoever looks at the same time.
TEST_P(SnapshotFailureTest, ListsBesideOthersAtWorkShowWhatIsThere) {
  std::atomic<bool> is_done = false;
  std::thread lister([&] {
    while (!is_done) {
      const auto infos = store().List();
      ASSERT_TRUE(infos.ok()) << infos.status();
      for (const SnapshotInfo& info : *infos) {
        // One that is deleted meanwhile may be missing a file already.
        ASSERT_TRUE(info.status.ok() || info.name == "b") << info.name << ": " << info.status;
      }
    }
  });
  Make("a");
  for (int i = 0; i < 10; ++i) {
    Make("b");
    EXPECT_EQ(Names().size(), 2);
    EXPECT_TRUE(store().Get("b")->status.ok());
    EXPECT_TRUE(store().Delete("b").ok());
    EXPECT_THAT(Names(), ElementsAre("a"));
  }
  is_done = true;
  lister.join();
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
