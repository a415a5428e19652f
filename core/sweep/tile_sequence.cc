#include "core/sweep/tile_sequence.h"

#include <algorithm>

#include "core/codes/row_code.h"

namespace engram {

TileSequence::TileSequence(const BankSnapshot& bank) : TileSequence(bank, [](int32_t) { return true; }) {}

TileSequence::TileSequence(const BankSnapshot& bank, absl::FunctionRef<bool(int32_t segment)> has_segment)
    : starts_(1, 0) {
  starts_.reserve(bank.segment_count() + 1);
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    const int64_t rows = has_segment(s) ? bank.rows_in_segment(s) : 0;
    starts_.push_back(starts_.back() + rows / kTileRows);
    for (int64_t i = rows / kTileRows * kTileRows; i < rows; ++i) {
      loose_rows_.push_back({s, static_cast<int32_t>(i)});
    }
  }
}

TileRange TileSequence::Find(int64_t number) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), number);
  const int64_t first = number - *(next - 1);
  return {static_cast<int32_t>(next - starts_.begin() - 1), first, 1, number};
}

std::vector<TileRange> TileSequence::Ranges(int64_t begin, int64_t end, int64_t limit) const {
  std::vector<TileRange> ranges;
  for (int64_t number = begin; number < end;) {
    TileRange range = Find(number);
    const int64_t left_in_segment = starts_[range.segment + 1] - number;
    range.count = std::min({limit, end - number, left_in_segment});
    ranges.push_back(range);
    number += range.count;
  }
  return ranges;
}

}  // namespace engram
