#include "core/bank/id_order.h"

#include <algorithm>

namespace engram {

IdOrder::IdOrder(std::vector<std::pair<uint64_t, RowRef>> patterns) {
  std::sort(patterns.begin(), patterns.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  ids_.reserve(patterns.size());
  rows_.reserve(patterns.size());
  for (const auto& [id, row] : patterns) {
    ids_.push_back(id);
    rows_.push_back(row);
  }
}

int64_t IdOrder::LowerBound(uint64_t id) const {
  return std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin();
}

int64_t IdOrder::PositionOf(uint64_t id) const {
  const int64_t position = LowerBound(id);
  return position < static_cast<int64_t>(ids_.size()) && ids_[position] == id ? position : -1;
}

}  // namespace engram
