#include "core/sweep/cuda/visible_tiles.h"

#include <vector>

#include "core/base/status_macros.h"

namespace engram {
namespace {

// Of a bank or two, with versions that the slowest queries are pinned to.
constexpr size_t kMost = 16;

}  // namespace

absl::StatusOr<std::shared_ptr<const VisibleTiles>> VisibleTilesCache::Get(const BankSnapshot& bank,
                                                                           const TileSequence& tiles,
                                                                           int64_t version,
                                                                           Workspace* workspace) {
  {
    MutexLock lock(&mutex_);
    for (auto it = newest_first_.begin(); it != newest_first_.end(); ++it) {
      if (!(*it)->Serves(bank.layout_id(), version, tiles.tile_count())) continue;
      newest_first_.splice(newest_first_.begin(), newest_first_, it);
      return newest_first_.front();
    }
  }
  ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<const VisibleTiles> made, Make(bank, tiles, version, workspace));
  MutexLock lock(&mutex_);
  newest_first_.push_front(made);
  if (newest_first_.size() > kMost) newest_first_.pop_back();
  return made;
}

absl::StatusOr<std::shared_ptr<const VisibleTiles>> VisibleTilesCache::Make(const BankSnapshot& bank,
                                                                            const TileSequence& tiles,
                                                                            int64_t version,
                                                                            Workspace* workspace) {
  std::vector<uint16_t> rows(tiles.tile_count());
  for (const TileRange& range : tiles.BySegment()) {
    const Segment& segment = bank.segment(range.segment);
    for (int64_t t = 0; t < range.count; ++t) {
      rows[range.number + t] = segment.VisibleRows(range.first + t, version);
    }
  }
  Inputs inputs;
  const Inputs::Handle in_rows = inputs.Add(absl::MakeConstSpan(rows));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));
  ENGRAM_RETURN_IF_ERROR(workspace->Wait());
  return std::make_shared<const VisibleTiles>(bank.layout_id(), version, tiles.tile_count(),
                                              std::move(inputs), in_rows);
}

}  // namespace engram
