#include "core/storage/stored_snapshot.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/storage/bank_reader.h"
#include "core/storage/data_format.h"
#include "core/storage/log_check.h"
#include "core/storage/rocks_database.h"

namespace engram {

absl::StatusOr<std::unique_ptr<StoredSnapshot>> StoredSnapshot::Open(const DatabaseOptions& options,
                                                                     std::function<void()> on_close) {
  ENGRAM_RETURN_IF_ERROR(CheckCopiedLogs(EnvOf(options), options.data_dir));
  ENGRAM_RETURN_IF_ERROR(CheckFormat(options));
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<RocksDatabase> database,
                          RocksDatabase::Open(options, RocksDatabase::Access::kRead));
  ENGRAM_ASSIGN_OR_RETURN(StoredBanks stored, ReadBanks(*database));
  return std::unique_ptr<StoredSnapshot>(
      new StoredSnapshot(std::move(database), std::move(stored.banks), std::move(on_close)));
}

StoredSnapshot::StoredSnapshot(std::unique_ptr<RocksDatabase> database, std::vector<StoredBank> banks,
                               std::function<void()> on_close)
    : database_(std::move(database)), banks_(std::move(banks)), on_close_(std::move(on_close)) {}

StoredSnapshot::~StoredSnapshot() {
  database_ = nullptr;
  if (on_close_) on_close_();
}

absl::Status StoredSnapshot::ReadPatterns(int64_t bank_id, const BankSettings& settings,
                                          const PatternVisitor& visitor) const {
  return ReadBankPatterns(*database_, bank_id, settings, visitor);
}

}  // namespace engram
