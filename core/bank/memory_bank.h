#ifndef ENGRAM_CORE_BANK_MEMORY_BANK_H_
#define ENGRAM_CORE_BANK_MEMORY_BANK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_rows.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/memory_budget.h"
#include "core/base/exact_sum.h"
#include "core/base/mutex.h"
#include "core/storage/journal.h"

namespace engram {

// A named set of patterns in versions. Writers come one at a time and write to the journal first; readers
// pin a version; what they read does not change. Thread-safe.
class MemoryBank {
 public:
  // Patterns of one version, found by id.
  struct FoundPatterns {
    BankSnapshot snapshot;
    std::vector<RowRef> rows;
  };
  struct Stored {
    std::vector<uint64_t> ids;
    int64_t version = 0;
  };
  struct Deleted {
    int64_t count = 0;
    int64_t version = 0;
  };

  // Ids are below this, so that signed languages can hold them.
  static constexpr uint64_t kIdLimit = uint64_t{1} << 63;

  // An empty bank whose memory is taken from `budget` and whose changes go to `journal`; both must outlive
  // it and its snapshots.
  // RESOURCE_EXHAUSTED: the budget has no room for it.
  static absl::StatusOr<std::shared_ptr<MemoryBank>> Make(int64_t bank_id, BankSettings settings,
                                                          MemoryBudget* budget, Journal* journal);

  int64_t bank_id() const { return bank_id_; }

  // The settings of the newest version; never null.
  std::shared_ptr<const BankSettings> settings() const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // The newest version.
  BankSnapshot Pin() const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Adds or replaces patterns; all or nothing, visible to every later Pin. Without `rows.ids`, assigns ids.
  // REQUIRES: rows.patterns is [n, D] of finite numbers, n >= 1; rows.values is [n, V]; ids are distinct and
  // below kIdLimit.
  //
  // NOT_FOUND: the bank was deleted. RESOURCE_EXHAUSTED: its limit or the memory budget would be exceeded,
  // or all ids are used up. Errors of the journal.
  absl::StatusOr<Stored> Store(const PatternRows& rows) ABSL_LOCKS_EXCLUDED(writer_mutex_, state_mutex_);

  // Deletes patterns; all or nothing. REQUIRES: ids are distinct.
  //
  // NOT_FOUND: the bank was deleted, or an id is missing and `allow_missing` is false. Errors of the journal.
  absl::StatusOr<Deleted> Delete(absl::Span<const uint64_t> ids, bool allow_missing)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, state_mutex_);

  // Gives the newest version `settings` in place of `expected`; later snapshots have them. False: it has
  // others than `expected` by now, and nothing has changed; look at them and try again.
  // REQUIRES: they differ only in what may change.
  //
  // NOT_FOUND: the bank was deleted. FAILED_PRECONDITION: it has more patterns than max_patterns. Errors of
  // the journal.
  absl::StatusOr<bool> Update(const std::shared_ptr<const BankSettings>& expected, BankSettings settings)
      ABSL_LOCKS_EXCLUDED(writer_mutex_, state_mutex_);

  // The rows of `ids` in the newest version, in their order.
  // NOT_FOUND: one is missing; the text names the first.
  absl::StatusOr<FoundPatterns> Find(absl::Span<const uint64_t> ids) const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Bytes taken from the budget.
  int64_t memory_bytes() const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Refuses every write from now on: the bank was deleted. Snapshots live on.
  void Close() ABSL_LOCKS_EXCLUDED(writer_mutex_);
  bool closed() const { return closed_.load(); }

 private:
  using Index = absl::flat_hash_map<uint64_t, RowRef>;
  struct Room {
    BankRows rows;
    Reservation payload_memory;
  };
  MemoryBank(int64_t bank_id, BankSettings settings, MemoryBudget* budget, Journal* journal,
             Reservation reservation);

  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  absl::StatusOr<std::vector<uint64_t>> AssignIds(int64_t count) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Those of `ids` that the bank has.
  std::vector<RowRef> Present(absl::Span<const uint64_t> ids) const ABSL_LOCKS_EXCLUDED(state_mutex_);
  // A copy of rows_ with room for `batch`. RESOURCE_EXHAUSTED: the budget is used up.
  absl::StatusOr<Room> FindRoom(const PatternRows& batch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // RESOURCE_EXHAUSTED: `more` patterns would exceed the bank's limit.
  absl::Status CheckLimit(int64_t more) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Writes `batch` to `rows` and adds it to the sums.
  std::vector<RowRef> Append(const PatternRows& batch, int64_t version, BankRows* rows)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Takes a living row out of rows_ and of the sums.
  void Kill(RowRef row, int64_t version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_);
  // Makes rows_ the newest version.
  void Publish(int64_t version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_, state_mutex_);
  // Drops the dead rows. Older snapshots keep the old layout, which they hold.
  void Compact() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) ABSL_LOCKS_EXCLUDED(state_mutex_);
  void CompactIfWorthwhile() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Constant after construction.
  const int64_t bank_id_;
  Journal* const journal_;
  const Reservation reservation_;

  Mutex writer_mutex_ ABSL_ACQUIRED_BEFORE(state_mutex_);
  std::atomic<bool> closed_{false};  // Written under writer_mutex_.
  std::shared_ptr<const BankSettings> settings_ ABSL_GUARDED_BY(writer_mutex_);
  BankRows rows_ ABSL_GUARDED_BY(writer_mutex_);
  std::vector<ExactSum> sums_ ABSL_GUARDED_BY(writer_mutex_);  // Of the living patterns [D].
  uint64_t next_id_ ABSL_GUARDED_BY(writer_mutex_) = 0;
  int64_t dead_bytes_kept_ ABSL_GUARDED_BY(writer_mutex_) = 0;  // By the last compaction.

  mutable Mutex state_mutex_;
  std::shared_ptr<const BankSnapshot::State> state_ ABSL_GUARDED_BY(state_mutex_);
  Index index_ ABSL_GUARDED_BY(state_mutex_);
  int64_t memory_bytes_ ABSL_GUARDED_BY(state_mutex_) = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_BANK_H_
