#include "core/bank/bank_snapshot.h"

#include <numeric>

namespace engram {

int64_t BankSnapshot::row_count() const {
  return std::accumulate(state_->segment_rows.begin(), state_->segment_rows.end(), int64_t{0});
}

const IdOrder& BankSnapshot::by_id() const {
  std::call_once(state_->order_made, [this] {
    std::vector<std::pair<uint64_t, RowRef>> patterns;
    patterns.reserve(pattern_count());
    for (int32_t s = 0; s < segment_count(); ++s) {
      for (int32_t i = 0; i < rows_in_segment(s); ++i) {
        if (segment(s).VisibleAt(i, version())) patterns.push_back({segment(s).id(i), {s, i}});
      }
    }
    state_->order = std::make_unique<const IdOrder>(std::move(patterns));
  });
  return *state_->order;
}

}  // namespace engram
