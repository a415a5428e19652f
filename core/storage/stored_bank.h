#ifndef ENGRAM_CORE_STORAGE_STORED_BANK_H_
#define ENGRAM_CORE_STORAGE_STORED_BANK_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/bank_settings.h"
#include "core/storage/journal.h"

namespace engram {

// A bank as a data directory holds it, without its patterns.
struct StoredBank {
  int64_t bank_id = 0;
  // DATA_LOSS: its records are damaged. Its patterns cannot be read then; deleting it is possible.
  absl::StatusOr<BankSettings> settings;
  BankCounts counts;
};

// Takes patterns, somebody else's until it returns. An error ends the reading and is its result.
using PatternVisitor = std::function<absl::Status(const PatternRows& batch)>;

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_STORED_BANK_H_
