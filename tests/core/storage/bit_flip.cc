#include "tests/core/storage/bit_flip.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/storage/stored_snapshot.h"
#include "tests/core/storage/lossy_file_system.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {
namespace {

constexpr int kBanks = 4;

RocksJournalOptions OptionsOn(const std::shared_ptr<LossyFileSystem>& files) {
  RocksJournalOptions options;
  options.data_dir = "/data";
  options.log = [](LogLevel, const std::string&) {};
  options.min_free_bytes = 0;
  options.bulk_bytes = 20'000;
  options.env = MakeEnv(files);
  return options;
}

BankSettings SettingsOf(int64_t bank_id) { return StampedSettings(absl::StrCat("bank-", bank_id)); }

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

using Banks = std::map<int64_t, Stamps>;

// Banks in table files, some of them ingested, and in the log.
class Original {
 public:
  Original() : files_(std::make_shared<LossyFileSystem>(1)) {
    for (const bool is_first : {true, false}) {
      const auto journal = RocksJournal::Open(OptionsOn(files_)).value();
      for (int64_t bank_id = 1; bank_id <= kBanks; ++bank_id) {
        if (is_first) Must(journal->CreateBank(bank_id, SettingsOf(bank_id)));
        Store(journal.get(), bank_id, 40);
        if (is_first && bank_id % 2 == 0) Store(journal.get(), bank_id, 800);
      }
      // Which writes the buffers out.
      if (is_first) Must(journal->snapshots()->Create("copy", NoProgress()).status());
    }
  }
  const std::shared_ptr<LossyFileSystem>& files() const { return files_; }
  const Banks& banks() const { return banks_; }

 private:
  void Store(RocksJournal* journal, int64_t bank_id, int64_t count) {
    Stamps& stamps = banks_[bank_id];
    std::vector<uint64_t> ids(count);
    std::iota(ids.begin(), ids.end(), stamps.size() / 2);
    const StampedRows rows(SettingsOf(bank_id), ids, ++stamp_);
    for (const uint64_t id : ids) stamps[id] = stamp_;
    const BankCounts counts{++version_, static_cast<int64_t>(stamps.size()), stamps.rbegin()->first + 1};
    Must(journal->ChangePatterns(bank_id, SettingsOf(bank_id), {PatternChange{rows.rows(), {}}}, counts));
  }

  const std::shared_ptr<LossyFileSystem> files_;
  Banks banks_;
  uint32_t stamp_ = 0;
  int64_t version_ = 0;
};

// What is wrong with the banks of a journal or a snapshot; empty: nothing. Counts what became of them.
template <typename Damaged>
std::string JudgeBanks(const Banks& banks, const Damaged& damaged, BitFlipOutcome* outcome) {
  Banks left = banks;
  bool is_lost = false;
  for (const StoredBank& bank : damaged.banks()) {
    const absl::StatusOr<Stamps> stamps =
        bank.settings.ok() ? ReadStamps(damaged, bank.bank_id, *bank.settings) : bank.settings.status();
    if (!stamps.ok() && !absl::IsDataLoss(stamps.status())) return stamps.status().ToString();
    if (!stamps.ok()) is_lost = true;
    const auto it = left.find(bank.bank_id);
    if (it == left.end()) return absl::StrCat("phantom bank ", bank.bank_id);
    if (stamps.ok() && *stamps != it->second)
      return absl::StrCat("bank ", bank.bank_id, " is silently wrong");
    left.erase(it);
  }
  if (!left.empty()) return absl::StrCat("bank ", left.begin()->first, " is silently gone");
  ++(is_lost ? outcome->bank_lost : outcome->harmless);
  return "";
}

// Empty: a refusal names the file, by its place in its directory.
std::string JudgeRefusal(const absl::Status& status, const std::string& file, BitFlipOutcome* outcome) {
  ++outcome->refused;
  const bool names_file = absl::StrContains(status.message(), file.substr(file.find('/', 1) + 1));
  return names_file ? "" : absl::StrCat("refused without its name: ", status.ToString());
}

// What is wrong with how the damaged directory reads.
std::string Judge(const Banks& banks, const std::shared_ptr<LossyFileSystem>& files, const std::string& file,
                  BitFlipOutcome* outcome) {
  const absl::StatusOr<std::unique_ptr<RocksJournal>> journal = RocksJournal::Open(OptionsOn(files));
  if (!journal.ok()) return JudgeRefusal(journal.status(), file, outcome);
  return JudgeBanks(banks, **journal, outcome);
}

RocksJournalOptions BackupOptionsOn(const std::shared_ptr<LossyFileSystem>& files) {
  RocksJournalOptions options = OptionsOn(files);
  options.backup_dir = "/backups";
  return options;
}

// The same of a damaged backup, which the list of backups shows.
std::string JudgeBackup(const Banks& banks, const std::shared_ptr<LossyFileSystem>& files,
                        const std::string& file, BitFlipOutcome* outcome) {
  const absl::StatusOr<std::unique_ptr<RocksJournal>> journal = RocksJournal::Open(BackupOptionsOn(files));
  if (!journal.ok()) return absl::StrCat("the server does not start: ", journal.status().ToString());
  const auto infos = (*journal)->backups()->List();
  if (!infos.ok() || infos->size() != 1) return absl::StrCat("not listed: ", infos.status().ToString());
  const std::string& name = infos->front().name;
  const auto snapshot = (*journal)->backups()->Open(name);
  if (!snapshot.ok()) return JudgeRefusal(snapshot.status(), file, outcome);
  if (name != "b") return absl::StrCat("is now called ", name);
  return JudgeBanks(banks, **snapshot, outcome);
}

using JudgeFunction = std::string (*)(const Banks&, const std::shared_ptr<LossyFileSystem>&,
                                      const std::string&, BitFlipOutcome*);

// Flips bits of `paths` in copies of `original`, which holds `banks`.
BitFlipOutcome Flip(const std::shared_ptr<LossyFileSystem>& original, const std::vector<std::string>& paths,
                    const Banks& banks, JudgeFunction judge, uint64_t seed, int64_t flips) {
  std::mt19937_64 random(seed);
  BitFlipOutcome outcome;
  for (; outcome.flips < flips; ++outcome.flips) {
    const std::string& file = paths[random() % paths.size()];
    const auto bit = static_cast<int64_t>(random() % (original->FileSize(file) * 8));
    const std::shared_ptr<LossyFileSystem> damaged = original->Clone(seed);
    // Every fourth time a whole sector reads as zeros. At the end of a log that is what a power loss leaves.
    const bool ends_log = !absl::EndsWith(file, ".sst") && bit / 8 + 4096 + 512 >= original->FileSize(file);
    const bool zeroes = outcome.flips % 4 == 3 && !ends_log && damaged->ZeroSector(file, bit / 8);
    if (!zeroes) damaged->FlipBit(file, bit);
    const std::string violation = judge(banks, damaged, file, &outcome);
    if (!violation.empty()) {
      outcome.violations.push_back(absl::StrCat(file, " of ", original->FileSize(file), " bytes, ",
                                                zeroes ? "the sector" : absl::StrCat("bit ", bit % 8),
                                                " of byte ", bit / 8, ": ", violation));
    }
  }
  return outcome;
}

}  // namespace

BitFlipOutcome RunBitFlips(uint64_t seed, int64_t flips) {
  const Original original;
  std::vector<std::string> files;
  for (const std::string& path : original.files()->Files("/data")) {
    const bool counts = absl::EndsWith(path, ".sst") || absl::EndsWith(path, ".log") ||
                        absl::StrContains(path, "MANIFEST") || absl::EndsWith(path, "CURRENT");
    if (counts && original.files()->FileSize(path) > 0) files.push_back(path);
  }
  return Flip(original.files(), files, original.banks(), Judge, seed, flips);
}

BitFlipOutcome RunBackupBitFlips(uint64_t seed, int64_t flips) {
  const Original original;
  Must(RocksJournal::Open(BackupOptionsOn(original.files()))
           .value()
           ->backups()
           ->Create("b", NoProgress())
           .status());
  std::vector<std::string> files;
  for (const char* folder : {"/backups/meta", "/backups/private/1", "/backups/shared_checksum"}) {
    for (const std::string& path : original.files()->Files(folder)) {
      if (original.files()->FileSize(path) > 0) files.push_back(path);
    }
  }
  return Flip(original.files(), files, original.banks(), JudgeBackup, seed, flips);
}

}  // namespace engram
