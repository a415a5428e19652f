#ifndef ENGRAM_TESTS_CORE_STORAGE_SNAPSHOT_FIXTURE_H_
#define ENGRAM_TESTS_CORE_STORAGE_SNAPSHOT_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/stored_snapshot.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {

inline std::string ReasonOf(const absl::Status& status) {
  const auto details = FindErrorDetails(status);
  return details.has_value() ? details->reason : "";
}

// Where snapshots are kept.
enum class Place { kDataDirectory, kBackupDirectory };

// For INSTANTIATE_TEST_SUITE_P.
struct PlaceName {
  std::string operator()(const testing::TestParamInfo<Place>& place) const {
    return place.param == Place::kDataDirectory ? "Checkpoints" : "Backups";
  }
};

// A journal on a disk in memory whose snapshots, in one of the places, must hold what its banks held.
class SnapshotTest : public JournalTest, public testing::WithParamInterface<Place> {
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

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_SNAPSHOT_FIXTURE_H_
