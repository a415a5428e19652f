#ifndef ENGRAM_CORE_SWEEP_CUDA_RESIDENT_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_RESIDENT_ROWS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/stream_kernels.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// The rows of a snapshot that lie on one device with their patterns: unlike ResidentTiles, those outside of
// tiles, too, so that a row's place does not change once others are stored behind it.
class ResidentRows {
 public:
  // Those of each device that has any; none if the patterns of some row are not resident. `bank` and the
  // devices must outlive them.
  static std::vector<ResidentRows> FindAll(const BankSnapshot& bank);

  Gpu* gpu() const { return gpu_; }
  // The whole of it.
  const BankSnapshot& bank() const { return *bank_; }
  // Of the segments below.
  const TileSequence& tiles() const { return tiles_; }
  int64_t row_count() const { return row_count_; }
  // Of none without rows.
  const std::vector<StreamedSegment>& segments() const { return segments_; }
  // The row of segments()[k] in the snapshot.
  RowRef RowOf(int32_t k, int32_t row) const { return {numbers_[k], row}; }
  // Of each segment: bit l: the row l behind its last full tile is visible at `version`.
  std::vector<uint16_t> LooseRowsAt(int64_t version) const;

 private:
  ResidentRows(const BankSnapshot& bank, TileSequence tiles, Gpu* gpu)
      : bank_(&bank), tiles_(std::move(tiles)), gpu_(gpu) {}

  const BankSnapshot* bank_;
  TileSequence tiles_;
  Gpu* gpu_;
  std::vector<StreamedSegment> segments_;
  std::vector<int32_t> numbers_;  // Of the snapshot's segments that they are.
  int64_t row_count_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_RESIDENT_ROWS_H_
