#ifndef ENGRAM_CORE_SWEEP_CUDA_RESIDENT_BANK_H_
#define ENGRAM_CORE_SWEEP_CUDA_RESIDENT_BANK_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/sweep/cuda/resident_tiles.h"

namespace engram {

// A snapshot all of whose tiles lie on devices: a part on each, of whole segments.
class ResidentBank {
 public:
  // Null: the snapshot has no tile, or one that is not resident.
  static std::optional<ResidentBank> Find(BankSnapshot snapshot);

  const BankSnapshot& snapshot() const { return snapshot_; }
  // Of each device that has any of the tiles.
  const std::vector<ResidentTiles>& parts() const { return parts_; }
  // The rows outside of tiles, which are the host's.
  const std::vector<RowRef>& loose_rows() const { return loose_rows_; }

  // The index of the part that has the row's segment; of one without tiles, 0.
  size_t PartOf(RowRef row) const { return part_of_segment_[row.segment]; }
  // Tiles of the part that has most of them.
  int64_t most_tiles() const;
  // Whether the patterns of all tiles are resident, too.
  bool has_patterns() const;
  // Whether a device that has a part is lost.
  bool is_lost() const;

 private:
  explicit ResidentBank(BankSnapshot snapshot) : snapshot_(std::move(snapshot)) {}

  BankSnapshot snapshot_;
  std::vector<ResidentTiles> parts_;
  std::vector<size_t> part_of_segment_;
  std::vector<RowRef> loose_rows_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_RESIDENT_BANK_H_
