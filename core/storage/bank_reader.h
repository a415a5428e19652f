#ifndef ENGRAM_CORE_STORAGE_BANK_READER_H_
#define ENGRAM_CORE_STORAGE_BANK_READER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/rocks_database.h"
#include "core/storage/stored_bank.h"

namespace engram {

// What the family `banks` holds.
struct StoredBanks {
  std::vector<StoredBank> banks;  // Ascending by id.
  std::vector<int64_t> remains;   // Deleted banks whose patterns may still be there.
  int64_t next_bank_id = 1;
};

// DATA_LOSS: a file of the family is damaged, which concerns all banks.
absl::StatusOr<StoredBanks> ReadBanks(const RocksDatabase& database);

// As RocksJournal::ReadPatterns.
absl::Status ReadBankPatterns(const RocksDatabase& database, int64_t bank_id, const BankSettings& settings,
                              const PatternVisitor& visitor);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BANK_READER_H_
