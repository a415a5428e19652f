#ifndef ENGRAM_CORE_BANK_BANK_SNAPSHOT_H_
#define ENGRAM_CORE_BANK_BANK_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "core/bank/id_order.h"
#include "core/bank/row_ref.h"
#include "core/bank/segment.h"
#include "core/storage/bank_settings.h"

namespace engram {

// One version of a bank, pinned: its rows stay readable and unchanged for as long as a copy of this
// lives, whatever is stored or deleted meanwhile. Cheap to copy. Thread-safe.
//
// Shapes: N patterns, D and V dimensions of patterns and values.
class BankSnapshot {
 public:
  // What a snapshot shows; made by the bank.
  struct State {
    std::shared_ptr<const BankSettings> settings;
    uint64_t layout_id = 0;
    int64_t version = 0;
    int64_t pattern_count = 0;
    double largest_norm = 0;
    std::vector<double> mean;  // [D]
    std::vector<std::shared_ptr<Segment>> segments;
    std::vector<int64_t> segment_rows;  // Rows of each segment that exist.
    std::vector<double> segment_norm_bounds;
    // Made when it is first asked for.
    mutable std::once_flag order_made;
    mutable std::unique_ptr<const IdOrder> order;
  };

  explicit BankSnapshot(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  const BankSettings& settings() const { return *state_->settings; }
  const std::shared_ptr<const BankSettings>& shared_settings() const { return state_->settings; }
  // Unique in the process. Of two snapshots with the same layout the newer has all rows of the older, at the
  // same places, so that one sweep can serve both.
  uint64_t layout_id() const { return state_->layout_id; }
  int64_t version() const { return state_->version; }
  // Number of patterns N.
  int64_t pattern_count() const { return state_->pattern_count; }
  // Number of rows in the segments, those that are not visible included.
  int64_t row_count() const;
  // Largest Euclidean norm of a pattern; 0 when empty.
  double largest_norm() const { return state_->largest_norm; }
  // Mean of the patterns [D]; a function of the patterns alone, not of how they came. 0 when empty.
  absl::Span<const double> mean() const { return state_->mean; }

  // The patterns by ascending id. The first call for a version takes O(N log N).
  const IdOrder& by_id() const;

  int64_t segment_count() const { return static_cast<int64_t>(state_->segments.size()); }
  const Segment& segment(int64_t s) const { return *state_->segments[s]; }
  // Rows of segment s that exist; some may not be visible.
  int64_t rows_in_segment(int64_t s) const { return state_->segment_rows[s]; }

  // No row of segment s has a larger norm, visible or not.
  double norm_bound(int64_t s) const { return state_->segment_norm_bounds[s]; }

  bool Visible(RowRef row) const { return segment(row.segment).VisibleAt(row.index, version()); }
  absl::Span<const float> pattern(RowRef row) const { return segment(row.segment).pattern(row.index); }
  absl::Span<const float> value(RowRef row) const { return segment(row.segment).value(row.index); }
  absl::string_view payload(RowRef row) const { return segment(row.segment).payload(row.index); }
  uint64_t id(RowRef row) const { return segment(row.segment).id(row.index); }

 private:
  std::shared_ptr<const State> state_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_SNAPSHOT_H_
