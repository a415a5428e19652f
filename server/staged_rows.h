#ifndef ENGRAM_SERVER_STAGED_ROWS_H_
#define ENGRAM_SERVER_STAGED_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/memory_budget.h"
#include "core/storage/journal.h"

namespace engram {

// Rows that wait to be stored all at once, in memory taken from the budget. Not thread-safe.
class StagedRows {
 public:
  // `budget` must outlive this.
  StagedRows(int64_t dim, int64_t value_dim, MemoryBudget* budget)
      : dim_(dim), value_dim_(value_dim), budget_(budget) {}

  int64_t count() const { return count_; }

  // Adds copies of `rows`, all or none. REQUIRES: they have ids iff those before have.
  //
  // INVALID_ARGUMENT: one of their ids is here. RESOURCE_EXHAUSTED: the budget is used up. While room is
  // made for more, those that are here take it up twice.
  absl::Status Add(const PatternRows& rows);

  // All rows, in order; valid until the next Add.
  PatternRows rows() const;

 private:
  // Takes memory for `count` more rows and for payloads of `payload_bytes`. RESOURCE_EXHAUSTED: changes
  // nothing.
  absl::Status MakeRoom(int64_t count, int64_t payload_bytes);
  void Grow(int64_t capacity);
  absl::StatusOr<Reservation> Reserve(int64_t bytes);

  const int64_t dim_;
  const int64_t value_dim_;
  MemoryBudget* const budget_;
  int64_t count_ = 0;
  int64_t capacity_ = 0;  // Rows that are paid for.
  std::vector<float> patterns_;
  std::vector<float> values_;
  std::vector<uint64_t> ids_;
  absl::flat_hash_set<uint64_t> distinct_ids_;
  std::vector<std::string> payloads_;  // Empty until there is one.
  Reservation room_;                   // For the capacity.
  std::vector<Reservation> payload_room_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_STAGED_ROWS_H_
