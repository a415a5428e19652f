// A process that dies at any failpoint leaves each bank as it was before or after the step it was at. In
// processes of their own, on the real disk: what the page cache holds survives, what the process holds not.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <numeric>

#include "core/base/failpoint.h"
#include "core/storage/stored_snapshot.h"
#include "gtest/gtest.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {
namespace {

#ifdef ENGRAM_FAILPOINTS

RocksJournalOptions OptionsIn(const std::string& folder) {
  RocksJournalOptions options;
  options.data_dir = folder + "/data";
  options.log = [](LogLevel, const std::string&) {};
  options.min_free_bytes = 0;
  options.bulk_bytes = 20'000;
  options.backup_dir = folder + "/backups";
  return options;
}

constexpr int kSteps = 11;
constexpr uint32_t kImportStamp = 77;

Stamps StampsOf(uint32_t stamp, int64_t count) {
  Stamps stamps;
  for (int64_t id = 0; id < count; ++id) stamps[static_cast<uint64_t>(id)] = stamp;
  return stamps;
}

absl::Status Store(RocksJournal* journal, uint32_t stamp, int64_t count) {
  std::vector<uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0);
  const BankSettings settings = StampedSettings("bank");
  const StampedRows rows(settings, ids, stamp);
  return journal->ChangePatterns(1, settings, {PatternChange{rows.rows(), {}}}, {stamp, count, 1'000});
}

absl::Status Import(RocksJournal* journal) {
  const BankSettings settings = StampedSettings("imported");
  std::vector<uint64_t> ids(300);
  std::iota(ids.begin(), ids.end(), 0);
  auto import = journal->ImportBank(2, settings);
  if (!import.ok()) return import.status();
  const absl::Status added = (*import)->Add(StampedRows(settings, ids, kImportStamp).rows());
  return added.ok() ? (*import)->Publish({9, 300, 1'000}) : added;
}

absl::Status TakeStep(RocksJournal* journal, int step) {
  BankSettings changed = StampedSettings("bank");
  changed.max_patterns = 9'999;
  switch (step) {
    case 0:
      return journal->CreateBank(1, StampedSettings("bank"));
    case 1:
      return Store(journal, 1, 20);
    case 2:
      return Store(journal, 2, 500);  // A large one.
    case 3:
      return Store(journal, 3, 600);
    case 4:
      return journal->UpdateBank(1, changed);
    case 5:
      return journal->snapshots()->Create("s", NoProgress()).status();
    case 6:
      return journal->backups()->Create("b", NoProgress()).status();
    case 7:
      return Import(journal);
    case 8:
      return journal->snapshots()->Delete("s");
    case 9:
      return journal->backups()->Delete("b");
    default:
      return journal->DeleteBank(1);
  }
}

const StoredBank* FindBank(const std::vector<StoredBank>& banks, int64_t bank_id) {
  for (const StoredBank& bank : banks) {
    if (bank.bank_id == bank_id && bank.settings.ok()) return &bank;
  }
  return nullptr;
}

// Whether bank 1 of a journal or a snapshot is as the first `done` steps leave it.
template <typename Banks>
bool IsFirstAfter(const Banks& banks, int done) {
  static constexpr int64_t kCounts[] = {0, 0, 20, 500, 600};
  const StoredBank* bank = FindBank(banks.banks(), 1);
  if (done == 0 || done == kSteps) return bank == nullptr;
  if (bank == nullptr) return false;
  const auto stamp = static_cast<uint32_t>(std::min(done - 1, 3));
  const auto found = ReadStamps(banks, 1, *bank->settings);
  return found.ok() && *found == StampsOf(stamp, kCounts[std::min(done, 4)]) &&
         bank->counts.version == stamp && bank->settings->max_patterns == (done >= 5 ? 9'999 : 0);
}

bool IsSecondAfter(const RocksJournal& journal, int done) {
  const StoredBank* bank = FindBank(journal.banks(), 2);
  if (done < 8) return bank == nullptr;
  if (bank == nullptr || bank->counts.version != 9) return false;
  const auto found = ReadStamps(journal, 2, *bank->settings);
  return found.ok() && *found == StampsOf(kImportStamp, 300);
}

// Whether the store has the snapshot `name`, made after five steps, or, if it must not be there, nothing.
bool HasSnapshot(SnapshotStore* store, const std::string& name, bool is_there) {
  const auto infos = store->List();
  if (!infos.ok() || infos->size() != (is_there ? 1 : 0)) return false;
  if (!is_there) return true;
  const auto snapshot = store->Open(name);
  return snapshot.ok() && (*snapshot)->banks().size() == 1 && IsFirstAfter(**snapshot, 5);
}

// Whether all is as the first `done` steps leave it.
bool IsAfter(const RocksJournal& journal, int done) {
  return IsFirstAfter(journal, done) && IsSecondAfter(journal, done) &&
         HasSnapshot(journal.snapshots(), "s", done >= 6 && done < 9) &&
         HasSnapshot(journal.backups(), "b", done >= 7 && done < 10);
}

// Nothing is left of what was not finished.
bool HasLeftovers(const std::string& folder) {
  for (const char* name : {"/data/ingest", "/data/snapshots"}) {
    if (!std::filesystem::exists(folder + name)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder + name)) {
      if (entry.path().filename() != "s") return true;
    }
  }
  // A backup has its files, and nothing else has any.
  const bool has_backup = std::filesystem::exists(folder + "/backups/meta/1");
  for (const char* name : {"/backups/meta", "/backups/private", "/backups/shared_checksum"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder + name)) {
      const std::string file = entry.path().filename().string();
      if (!has_backup || file.find(".tmp") != std::string::npos) return true;
      if (std::string(name) != "/backups/shared_checksum" && file != "1") return true;
    }
  }
  return std::filesystem::exists(folder + "/backups/BACKUPS.tmp");
}

// Runs `body` in a process of its own; what it exits with, or -1 if it died.
int ExitOf(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CrashTest, ADeathAtAnyFailpointLeavesTheOldOrTheNewState) {
  for (const char* name : kFailpointNames) {
    std::string folder = (std::filesystem::temp_directory_path() / "engram_crash_XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string acked = folder + "/acked";
    const int lived = ExitOf([&] {
      std::freopen("/dev/null", "w", stderr);
      if (!SetFailpoint(absl::StrCat(name, ":1:abort")).ok()) return 2;
      auto journal = RocksJournal::Open(OptionsIn(folder));
      if (!journal.ok()) return 2;
      for (int step = 0; step < kSteps; ++step) {
        if (!TakeStep(journal->get(), step).ok()) return 2;
        std::filesystem::create_directories(acked + "/" + std::to_string(step));
      }
      return 0;
    });
    EXPECT_EQ(lived, -1) << name << " is not reached";
    int done = 0;
    while (std::filesystem::exists(acked + "/" + std::to_string(done))) ++done;
    const int verdict = ExitOf([&] {
      const auto journal = RocksJournal::Open(OptionsIn(folder));
      if (!journal.ok()) {
        std::fprintf(stderr, "%s\n", journal.status().ToString().c_str());
        return 2;
      }
      if (HasLeftovers(folder)) return 3;
      return IsAfter(**journal, done) || (done < kSteps && IsAfter(**journal, done + 1)) ? 0 : 1;
    });
    EXPECT_EQ(verdict, 0) << name << " after " << done << " steps";
    std::filesystem::remove_all(folder);
  }
}

#else

TEST(CrashTest, NeedsFailpoints) { GTEST_SKIP() << "built without ENGRAM_FAILPOINTS"; }

#endif  // ENGRAM_FAILPOINTS

}  // namespace
}  // namespace engram
