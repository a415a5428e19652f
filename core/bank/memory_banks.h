#ifndef ENGRAM_CORE_BANK_MEMORY_BANKS_H_
#define ENGRAM_CORE_BANK_MEMORY_BANKS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/bank_loader.h"
#include "core/bank/compactor.h"
#include "core/bank/memory_bank.h"

namespace engram {

class LoadingBank;
class RestoringBank;

// What a server says of a bank, whatever became of it.
struct BankEntry {
  enum class State {
    kServing,
    kLoading,      // Its patterns are being read; later it serves or is quarantined.
    kQuarantined,  // It could not be loaded; it can be deleted.
  };
  std::string name;
  int64_t bank_id = 0;
  State state = State::kServing;
  std::shared_ptr<MemoryBank> bank;  // Null unless it serves.
  absl::Status status;               // Why it does not serve.
  // Of the newest version; if it does not serve, as far as they could be read.
  std::shared_ptr<const BankSettings> settings;
  BankCounts counts;            // If it does not serve: what it has when it is loaded.
  int64_t loaded_patterns = 0;  // If it is loading: those of counts.pattern_count in memory.
};

// All banks of a server, by name. Thread-safe. Who holds a bank longer than this must not write to it.
class MemoryBanks {
 public:
  // At most `max_banks`, in `memory`, with changes written to `journal`, but for volatile banks; the journal
  // must outlive this. Ids of banks are assigned from `next_bank_id` on.
  MemoryBanks(int64_t max_banks, const BankMemory& memory, Journal* journal, int64_t next_bank_id = 1);

  // ALREADY_EXISTS: a bank has that name. RESOURCE_EXHAUSTED: too many banks, or no memory. Errors of the
  // journal.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Create(BankSettings settings)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // NOT_FOUND: no bank has that name. UNAVAILABLE: it is loading; retry after the hinted delay. Else, of a
  // quarantined bank, the code and the text of what it was quarantined for.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Find(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

  // The bank whatever its state. NOT_FOUND: no bank has that name.
  absl::StatusOr<BankEntry> FindEntry(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Removes a bank; retrievals that pinned it go on. NOT_FOUND: no bank has that name. UNAVAILABLE: it is
  // loading. Errors of the journal.
  absl::Status Delete(const std::string& name) ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // Up to `count` banks with names after `after`, ascending; "" is before every name.
  std::vector<BankEntry> List(const std::string& after, int64_t count) const ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes the name of a bank that the journal has, with `settings` and `counts`; it is loading until the
  // result is finished or fails. Not limited by max_banks, as the bank is there. The result must not outlive
  // this.
  //
  // ALREADY_EXISTS: a bank has that name, and nothing has changed. RESOURCE_EXHAUSTED: the budget or the
  // device has no room for the bank, which is quarantined.
  absl::StatusOr<std::unique_ptr<LoadingBank>> BeginLoading(int64_t bank_id, BankSettings settings,
                                                            const BankCounts& counts)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);
  // Takes the name of a bank that the journal has and cannot read for `cause`, not OK. `settings` are what
  // could be read, the name at least. ALREADY_EXISTS: a bank has that name, and nothing has changed.
  absl::Status Quarantine(int64_t bank_id, BankSettings settings, const BankCounts& counts,
                          const absl::Status& cause) ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // Takes the name of a new bank with `settings`, a new id and patterns that it had elsewhere, after which it
  // has `counts`; it is loading until the result is finished or goes. Memory for the rows is taken at once.
  // The result must not outlive this.
  //
  // ALREADY_EXISTS: a bank has that name. RESOURCE_EXHAUSTED: too many banks, or no memory. Errors of the
  // journal. Nothing has changed then.
  absl::StatusOr<std::unique_ptr<RestoringBank>> BeginRestoring(BankSettings settings,
                                                                const BankCounts& counts)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, mutex_);

  // Those of every state.
  int64_t count() const ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t max_banks() const { return max_banks_; }

  // Compacts the banks.
  Compactor& compactor() { return compactor_; }

 private:
  friend class LoadingBank;
  friend class RestoringBank;
  // A bank that serves, or one that is loading, or one that is quarantined for a status.
  struct Slot {
    int64_t bank_id = 0;
    std::shared_ptr<MemoryBank> bank;
    std::shared_ptr<const BankLoader> loader;
    absl::Status status;
    std::shared_ptr<const BankSettings> settings;
    BankCounts counts;
  };

  static BankEntry ToEntry(const std::string& name, const Slot& slot);
  MemoryBank::Parts PartsFor(const BankSettings& settings);
  bool IsTaken(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);
  // A slot, yet without a state, for a bank that the journal has or gets; its id is not given again.
  Slot JournaledSlot(int64_t bank_id, BankSettings settings, const BankCounts& counts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Puts `slot` in the place of the one with its name, if there is one.
  void Put(const std::string& name, Slot slot) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);

  const int64_t max_banks_;
  const BankMemory memory_;
  Journal* const journal_;
  VolatileJournal volatile_journal_;  // Of banks that ask for nothing better.

  // Banks come and go one at a time, so that the journal sees them in order.
  Mutex writer_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  int64_t next_bank_id_ ABSL_GUARDED_BY(writer_mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Slot> slots_ ABSL_GUARDED_BY(mutex_);

  Compactor compactor_;  // Stops before anything else goes.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_BANKS_H_
