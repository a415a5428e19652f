#ifndef ENGRAM_CORE_SWEEP_TILE_SEQUENCE_H_
#define ENGRAM_CORE_SWEEP_TILE_SEQUENCE_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/bank/bank_snapshot.h"

namespace engram {

// Consecutive tiles of one segment. `number` is that of the first in the sequence of the bank's tiles.
struct TileRange {
  int32_t segment = 0;
  int64_t first = 0;
  int64_t count = 0;
  int64_t number = 0;
};

// The tiles of a snapshot all of whose rows exist, numbered through; and the rows outside of them, at most 15
// a segment, which may be followed by rows that are being written.
class TileSequence {
 public:
  explicit TileSequence(const BankSnapshot& bank);
  // Of those segments alone for which `has_segment` is true.
  TileSequence(const BankSnapshot& bank, absl::FunctionRef<bool(int32_t segment)> has_segment);

  int64_t tile_count() const { return starts_.back(); }
  const std::vector<RowRef>& loose_rows() const { return loose_rows_; }

  // Tile `number` as a range of one.
  TileRange Find(int64_t number) const;
  // All tiles, a range for each segment that has any.
  std::vector<TileRange> BySegment() const { return Ranges(0, tile_count(), tile_count()); }
  // Tiles [begin, end) as ranges of at most `limit` tiles, in order.
  std::vector<TileRange> Ranges(int64_t begin, int64_t end, int64_t limit) const;

 private:
  std::vector<int64_t> starts_;  // The number of each segment's first tile; at the end, how many there are.
  std::vector<RowRef> loose_rows_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_TILE_SEQUENCE_H_
