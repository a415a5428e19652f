#ifndef ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_
#define ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_

#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// Which rows of each tile are visible at a version, on the device.
class VisibleTiles {
 public:
  // `inputs` were sent.
  VisibleTiles(uint64_t layout_id, int64_t version, int64_t tile_count, Inputs inputs, Inputs::Handle rows)
      : layout_id_(layout_id),
        version_(version),
        tile_count_(tile_count),
        inputs_(std::move(inputs)),
        rows_(rows) {}

  // On the device.
  int64_t bytes() const { return tile_count_ * static_cast<int64_t>(sizeof(uint16_t)); }
  // Bit l of entry t: row l of tile t.
  const uint16_t* rows() const { return inputs_.at<uint16_t>(rows_); }
  // Whether these are of just that. Once published, a version does not change.
  bool Serves(uint64_t layout_id, int64_t version, int64_t tile_count) const {
    return layout_id_ == layout_id && version_ == version && tile_count_ == tile_count;
  }

 private:
  const uint64_t layout_id_;
  const int64_t version_;
  const int64_t tile_count_;
  const Inputs inputs_;
  const Inputs::Handle rows_;
};

// The last few that were asked for: most sweeps of a bank are of its newest version. Thread-safe.
class VisibleTilesCache {
 public:
  // Those of `bank` at `version`, which is at most its own. There when this returns. Waits for `workspace`,
  // whose stream must outlive them.
  absl::StatusOr<std::shared_ptr<const VisibleTiles>> Get(const BankSnapshot& bank, const TileSequence& tiles,
                                                          int64_t version, Workspace* workspace)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The rows of those at each of `versions` [B], until `workspace` has been waited for; null if there are no
  // tiles. Best if equal versions are neighbours.
  absl::StatusOr<std::vector<const uint16_t*>> GetAll(const BankSnapshot& bank, const TileSequence& tiles,
                                                      absl::Span<const int64_t> versions,
                                                      Workspace* workspace) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static absl::StatusOr<std::shared_ptr<const VisibleTiles>> Make(const BankSnapshot& bank,
                                                                  const TileSequence& tiles, int64_t version,
                                                                  Workspace* workspace);

  Mutex mutex_;
  std::list<std::shared_ptr<const VisibleTiles>> newest_first_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_VISIBLE_TILES_H_
