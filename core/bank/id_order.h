#ifndef ENGRAM_CORE_BANK_ID_ORDER_H_
#define ENGRAM_CORE_BANK_ID_ORDER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/bank/row_ref.h"

namespace engram {

// The patterns of one version of a bank by ascending id: the order in which they have neighbours, bounds and
// a place in a scan. Immutable.
class IdOrder {
 public:
  // Bytes that each pattern takes up.
  static constexpr int64_t kBytesPerRow = sizeof(uint64_t) + sizeof(RowRef);

  // `patterns` in any order; ids are distinct.
  explicit IdOrder(std::vector<std::pair<uint64_t, RowRef>> patterns);

  // Ids [N], ascending, and the rows that have them.
  absl::Span<const uint64_t> ids() const { return ids_; }
  absl::Span<const RowRef> rows() const { return rows_; }

  // The first position with an id of `id` or more; N if there is none.
  int64_t LowerBound(uint64_t id) const;
  // The position of `id`; -1 if the bank has no such pattern.
  int64_t PositionOf(uint64_t id) const;

 private:
  std::vector<uint64_t> ids_;
  std::vector<RowRef> rows_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_ID_ORDER_H_
