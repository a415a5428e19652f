#ifndef ENGRAM_CORE_BANK_MEMORY_BANKS_H_
#define ENGRAM_CORE_BANK_MEMORY_BANKS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/memory_bank.h"

namespace engram {

// All banks of a server, by name. Thread-safe.
class MemoryBanks {
 public:
  // At most `max_banks`, in the memory of `budget`, with changes written to `journal`; both must outlive
  // this.
  MemoryBanks(int64_t max_banks, MemoryBudget* budget, Journal* journal)
      : max_banks_(max_banks), budget_(budget), journal_(journal) {}

  // ALREADY_EXISTS: a bank has that name. RESOURCE_EXHAUSTED: too many banks, or no memory. Errors of the
  // journal.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Create(BankSettings settings)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // NOT_FOUND: no bank has that name.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Find(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Removes a bank; retrievals that pinned it go on. NOT_FOUND: no bank has that name. Errors of the journal.
  absl::Status Delete(const std::string& name) ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // Up to `count` banks with names after `after`, ascending; "" is before every name.
  std::vector<std::shared_ptr<MemoryBank>> List(const std::string& after, int64_t count) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  int64_t count() const ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t max_banks() const { return max_banks_; }

 private:
  const int64_t max_banks_;
  MemoryBudget* const budget_;
  Journal* const journal_;

  // Creations and deletions come one at a time, so that the journal sees them in order.
  Mutex writer_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  int64_t next_bank_id_ ABSL_GUARDED_BY(writer_mutex_) = 1;

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryBank>> banks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_BANKS_H_
