#ifndef ENGRAM_CORE_BANK_MEMORY_BANK_H_
#define ENGRAM_CORE_BANK_MEMORY_BANK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_contents.h"
#include "core/bank/bank_memory.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/compaction.h"
#include "core/bank/compactor.h"
#include "core/bank/published_version.h"
#include "core/bank/write_group.h"
#include "core/bank/write_queue.h"
#include "core/base/mutex.h"
#include "core/storage/journal.h"

namespace engram {

// A named set of patterns in versions. Writers wait for their turn and write to the journal in groups, before
// anybody sees the change; readers pin a version; what they read does not change. Thread-safe.
class MemoryBank : public std::enable_shared_from_this<MemoryBank> {
 public:
  // Patterns of one version, found by id.
  using FoundPatterns = engram::FoundPatterns;
  struct Stored {
    std::vector<uint64_t> ids;
    int64_t version = 0;
  };
  struct Deleted {
    int64_t count = 0;
    int64_t version = 0;
  };
  // What banks are made of; all must outlive them and their snapshots.
  struct Parts {
    BankMemory memory;     // Where their rows lie.
    Journal* journal;      // Gets their changes.
    Compactor* compactor;  // Compacts them; null: only a Store that finds no memory does.
  };

  // Ids are below this, so that signed languages can hold them.
  static constexpr uint64_t kIdLimit = BankContents::kIdLimit;

  // An empty bank. RESOURCE_EXHAUSTED: the budget has no room for it.
  static absl::StatusOr<std::shared_ptr<MemoryBank>> Make(int64_t bank_id, BankSettings settings,
                                                          const Parts& parts);
  // The same on the host alone, without a compactor.
  static absl::StatusOr<std::shared_ptr<MemoryBank>> Make(int64_t bank_id, BankSettings settings,
                                                          MemoryBudget* budget, Journal* journal);

  int64_t bank_id() const { return bank_id_; }

  // The settings of the newest version; never null.
  std::shared_ptr<const BankSettings> settings() const { return Pin().shared_settings(); }

  // The newest version. Waits for nothing but a pointer.
  BankSnapshot Pin() const { return published_.Pin(); }

  // Adds or replaces patterns; all or nothing, visible to every later Pin. Without `rows.ids`, assigns ids.
  // REQUIRES: rows.patterns is [n, D] of finite numbers, n >= 1; rows.values is [n, V]; ids are distinct and
  // below kIdLimit.
  //
  // NOT_FOUND: the bank was deleted. RESOURCE_EXHAUSTED: its limit, the memory budget or the device's memory
  // would be exceeded, or all ids are used up. Errors of the journal.
  absl::StatusOr<Stored> Store(const PatternRows& rows) ABSL_LOCKS_EXCLUDED(writer_mutex_);

  // Deletes patterns; all or nothing. REQUIRES: ids are distinct.
  //
  // NOT_FOUND: the bank was deleted, or an id is missing and `allow_missing` is false. Errors of the journal.
  absl::StatusOr<Deleted> Delete(absl::Span<const uint64_t> ids, bool allow_missing)
      ABSL_LOCKS_EXCLUDED(writer_mutex_);

  // Gives the newest version `settings` in place of `expected`; later snapshots have them. False: it has
  // others than `expected` by now, and nothing has changed; look at them and try again.
  // REQUIRES: they differ only in what may change.
  //
  // NOT_FOUND: the bank was deleted. FAILED_PRECONDITION: it has more patterns than max_patterns. Errors of
  // the journal.
  absl::StatusOr<bool> Update(const std::shared_ptr<const BankSettings>& expected, BankSettings settings)
      ABSL_LOCKS_EXCLUDED(writer_mutex_);

  // The rows of `ids` in the newest version, in their order.
  // NOT_FOUND: one is missing; the text names the first.
  absl::StatusOr<FoundPatterns> Find(absl::Span<const uint64_t> ids) const { return published_.Find(ids); }

  // Writes that wait for their turn or are being done.
  int64_t waiting_writes() const { return static_cast<int64_t>(queue_.size()); }

  // Bytes taken from the budget.
  int64_t memory_bytes() const { return memory_bytes_.load(); }
  // Bytes of the device's memory; 0: there is none, or it does not keep this bank.
  int64_t device_bytes() const { return device_bytes_.load(); }

  // Deletes the bank: the journal forgets it, and every later write is refused. Snapshots live on. Errors of
  // the journal, which leave it as it was.
  absl::Status Close() ABSL_LOCKS_EXCLUDED(writer_mutex_);
  bool closed() const { return closed_.load(); }

  // Drops dead rows; later snapshots have a new layout, and the same patterns at the same version. Readers
  // and writers go on meanwhile. Nothing changes if `should_stop`, which is asked once in a while, says so.
  void Compact(absl::FunctionRef<bool()> should_stop) ABSL_LOCKS_EXCLUDED(compaction_mutex_, writer_mutex_) {
    CompactIfWorthwhile({}, should_stop);
  }

 private:
  friend class BankLoader;

  // With the patterns of `contents`, which `index` finds. `reservation` pays for what is not rows.
  MemoryBank(int64_t bank_id, std::shared_ptr<const BankSettings> settings, BankContents contents,
             RowIndex index, Reservation reservation, const Parts& parts);
  static absl::StatusOr<Reservation> ReserveWithoutRows(const BankSettings& settings, MemoryBudget* budget);

  // Does the oldest of the waiting writes that can go together; see WriteQueue.
  size_t Lead(absl::Span<BankWrite* const> writes) ABSL_LOCKS_EXCLUDED(writer_mutex_);
  // Writes `group` to the journal and shows it.
  absl::Status Commit(WriteGroup* group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Runs `task` when its turn has come among the writes.
  void InTurn(const std::function<void()>& task) ABSL_LOCKS_EXCLUDED(writer_mutex_);
  absl::StatusOr<bool> UpdateNow(const std::shared_ptr<const BankSettings>& expected, BankSettings settings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  void UpdateMemoryBytes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);

  // Compacts if that could make up for `lack`.
  void CompactIfWorthwhile(const MemoryLack& lack, absl::FunctionRef<bool()> should_stop)
      ABSL_LOCKS_EXCLUDED(compaction_mutex_, writer_mutex_);
  // The steps of a compaction. Begin returns nothing if it is not worth it.
  std::optional<Compaction> BeginCompaction(const MemoryLack& lack)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  absl::Status CopyLiving(absl::FunctionRef<bool()> should_stop, Compaction* compaction) const;
  // Of a layout that was replaced: what may be the last to hold its rows, which take long to free.
  struct OldLayout {
    BankRows rows;
    RowIndex index;
    PublishedVersion::State state;
  };
  // Takes the copy, which became `copied`, and what came since. Returns the old layout if there is a new one.
  std::optional<OldLayout> FinishCompaction(absl::Status copied, Compaction* compaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  OldLayout ReplaceLayout(BankRows rows, RowIndex index) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  void AskForCompactionIfWorthwhile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);

  // Constant after construction.
  const int64_t bank_id_;
  const Parts parts_;
  const Reservation reservation_;

  WriteQueue<BankWrite> queue_;
  Mutex compaction_mutex_ ABSL_ACQUIRED_BEFORE(writer_mutex_);  // Compactions come one at a time.
  std::atomic<int64_t> dropped_layouts_{0};                     // Written under compaction_mutex_.

  Mutex writer_mutex_;               // Held by who leads the queue; no reader needs it.
  std::atomic<bool> closed_{false};  // Written under writer_mutex_.
  std::shared_ptr<const BankSettings> settings_ ABSL_GUARDED_BY(writer_mutex_);
  BankContents contents_ ABSL_GUARDED_BY(writer_mutex_);
  bool is_compacting_ ABSL_GUARDED_BY(writer_mutex_) = false;
  bool is_compaction_asked_ ABSL_GUARDED_BY(writer_mutex_) = false;
  std::vector<RowRef> died_meanwhile_ ABSL_GUARDED_BY(writer_mutex_);  // Since the compaction began.
  int64_t dead_bytes_kept_ ABSL_GUARDED_BY(writer_mutex_) = 0;         // By the last compaction.

  std::atomic<int64_t> memory_bytes_{0};  // Written under writer_mutex_, as is the next.
  std::atomic<int64_t> device_bytes_{0};
  PublishedVersion published_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_BANK_H_
