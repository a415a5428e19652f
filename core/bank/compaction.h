#ifndef ENGRAM_CORE_BANK_COMPACTION_H_
#define ENGRAM_CORE_BANK_COMPACTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/bank/bank_rows.h"
#include "core/bank/bank_snapshot.h"

namespace engram {

// The living rows of a bank in a new layout, copied while the bank goes on changing: first most of them, then
// again and again what came meanwhile, which gets less and less. Not thread-safe, but for the bank's writer,
// who goes on with the old layout.
class Compaction {
 public:
  // Of a bank with `settings`, in `memory`.
  Compaction(std::shared_ptr<const BankSettings> settings, const BankMemory& memory);

  // Copies the rows of `newest` that came after the last call, on the device too. REQUIRES: of the same
  // layout as then.
  //
  // RESOURCE_EXHAUSTED: there is no memory for a second copy. CANCELLED: `should_stop` said so, which is
  // asked once in a while. Of either this is of no more use.
  absl::Status CopyNewRowsOf(const BankSnapshot& newest, absl::FunctionRef<bool()> should_stop);
  // Rows of `newest` that CopyNewRowsOf(newest) would look at.
  int64_t RowsBehind(const BankSnapshot& newest) const;
  // Marks the copy of `row`, if there is one, as dead as `row` of `bank` is.
  void Kill(const BankSnapshot& bank, RowRef row);

  // The copied rows, and those of them that live by id.
  BankRows& rows() { return rows_; }
  RowIndex& index() { return index_; }

 private:
  static constexpr RowRef kNowhere = {-1, -1};

  absl::Status MakeRoomForNewRowsOf(const BankSnapshot& newest, absl::FunctionRef<bool()> should_stop,
                                    Reservation* payload_memory);
  int64_t FirstNewRow(int64_t segment) const;

  std::shared_ptr<const BankSettings> settings_;
  MemoryBudget* budget_;  // Of the host.
  BankRows rows_;
  RowIndex index_;
  // Where the rows of each segment that were looked at have gone; kNowhere: they were dead.
  std::vector<std::vector<RowRef>> places_;
  Reservation places_memory_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_COMPACTION_H_
