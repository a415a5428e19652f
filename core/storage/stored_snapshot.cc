#include "core/storage/stored_snapshot.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/storage/bank_reader.h"
#include "core/storage/copied_logs.h"
#include "core/storage/data_format.h"
#include "core/storage/rocks_database.h"

namespace engram {

absl::StatusOr<std::unique_ptr<StoredSnapshot>> StoredSnapshot::Open(const DatabaseOptions& options,
                                                                     std::function<void()> on_close,
                                                                     DamageVisitor on_damage) {
  ENGRAM_RETURN_IF_ERROR(CheckCopiedLogs(EnvOf(options), options.data_dir));
  ENGRAM_RETURN_IF_ERROR(CheckFormat(options));
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<RocksDatabase> database,
                          RocksDatabase::Open(options, RocksDatabase::Access::kRead));
  ENGRAM_ASSIGN_OR_RETURN(StoredBanks stored, ReadBanks(*database));
  return std::unique_ptr<StoredSnapshot>(new StoredSnapshot(std::move(database), std::move(stored.banks),
                                                            std::move(on_close), std::move(on_damage)));
}

StoredSnapshot::StoredSnapshot(std::unique_ptr<RocksDatabase> database, std::vector<StoredBank> banks,
                               std::function<void()> on_close, DamageVisitor on_damage)
    : database_(std::move(database)),
      banks_(std::move(banks)),
      on_close_(std::move(on_close)),
      on_damage_(std::move(on_damage)) {}

StoredSnapshot::~StoredSnapshot() {
  database_ = nullptr;
  if (on_close_) on_close_();
}

absl::Status StoredSnapshot::ReadPatterns(int64_t bank_id, const BankSettings& settings,
                                          const PatternVisitor& visitor) const {
  const absl::Status read = ReadBankPatterns(*database_, bank_id, settings, visitor);
  if (absl::IsDataLoss(read) && on_damage_) on_damage_(read.message());
  return read;
}

}  // namespace engram
