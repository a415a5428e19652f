#ifndef ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_
#define ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_

#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/device_memory.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// Which rows of each tile are visible at a version, on the device.
class VisibleTiles {
 public:
  VisibleTiles(uint64_t layout_id, int64_t version, int64_t tile_count, Bytes rows)
      : layout_id_(layout_id), version_(version), tile_count_(tile_count), rows_(std::move(rows)) {}

  // Bit l of entry t: row l of tile t.
  const uint16_t* rows() const { return rows_.as<uint16_t>(); }
  // Whether these are of just that. Once published, a version does not change.
  bool Serves(uint64_t layout_id, int64_t version, int64_t tile_count) const {
    return layout_id_ == layout_id && version_ == version && tile_count_ == tile_count;
  }

 private:
  const uint64_t layout_id_;
  const int64_t version_;
  const int64_t tile_count_;
  const Bytes rows_;
};

// The last few that were asked for: most sweeps of a bank are of its newest version. Thread-safe.
class VisibleTilesCache {
 public:
  // `device` must outlive this.
  explicit VisibleTilesCache(Device* device) : device_(device) {}

  // Those of `bank` at `version`, which is at most its own. There when this returns.
  absl::StatusOr<std::shared_ptr<const VisibleTiles>> Get(const BankSnapshot& bank, const TileSequence& tiles,
                                                          int64_t version, cudaStream_t stream)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::StatusOr<std::shared_ptr<const VisibleTiles>> Make(const BankSnapshot& bank,
                                                           const TileSequence& tiles, int64_t version,
                                                           cudaStream_t stream);

  Device* const device_;
  Mutex mutex_;
  std::list<std::shared_ptr<const VisibleTiles>> newest_first_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_
