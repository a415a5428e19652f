// RocksJournal::Verify: every file and every record of a data directory.

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/bank_reader.h"
#include "core/storage/data_directory.h"
#include "core/storage/data_format.h"
#include "core/storage/log_check.h"
#include "core/storage/rocks_database.h"
#include "core/storage/rocks_journal.h"
#include "core/storage/rocks_options.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

// Tells what is wrong, and remembers the first of it.
class Findings {
 public:
  explicit Findings(const StorageLog& log) : log_(log) {}

  void Add(const absl::Status& status) {
    if (status.ok()) return;
    log_(LogLevel::kError, std::string(status.message()));
    if (first_.ok()) first_ = status;
  }
  const absl::Status& first() const { return first_; }

 private:
  const StorageLog& log_;
  absl::Status first_;
};

}  // namespace

absl::Status RocksJournal::Verify(const RocksJournalOptions& options) {
  const DatabaseOptions database_options{options.data_dir, options.log, options.env, options.min_free_bytes};
  ENGRAM_ASSIGN_OR_RETURN(
      const DirectoryLock lock,
      CheckDataDirectory(EnvOf(database_options)->GetFileSystem().get(), options.data_dir, options.log));
  ENGRAM_RETURN_IF_ERROR(CheckLogs(EnvOf(database_options), options.data_dir));
  ENGRAM_RETURN_IF_ERROR(CheckFormat(database_options));
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<RocksDatabase> database,
                          RocksDatabase::Open(database_options, RocksDatabase::Access::kRead));
  Findings findings(options.log);
  findings.Add(ToReadStatus(database->db()->VerifyChecksum(MakeScanOptions()), "checksums"));
  options.log(LogLevel::kInfo, "checked the checksums of all files");
  ENGRAM_ASSIGN_OR_RETURN(const StoredBanks stored, ReadBanks(*database));
  for (size_t i = 0; i < stored.banks.size(); ++i) {
    const StoredBank& bank = stored.banks[i];
    findings.Add(bank.settings.status());
    if (!bank.settings.ok()) continue;
    findings.Add(ReadBankPatterns(*database, bank.bank_id, *bank.settings,
                                  [](const PatternRows&) { return absl::OkStatus(); }));
    options.log(LogLevel::kInfo, absl::StrCat("checked bank '", bank.settings->name, "', ", i + 1, " of ",
                                              stored.banks.size()));
  }
  return findings.first();
}

}  // namespace engram
