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
                                                                           cudaStream_t stream) {
  {
    MutexLock lock(&mutex_);
    for (auto it = newest_first_.begin(); it != newest_first_.end(); ++it) {
      if (!(*it)->Serves(bank.layout_id(), version, tiles.tile_count())) continue;
      newest_first_.splice(newest_first_.begin(), newest_first_, it);
      return newest_first_.front();
    }
  }
  ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<const VisibleTiles> made, Make(bank, tiles, version, stream));
  MutexLock lock(&mutex_);
  newest_first_.push_front(made);
  if (newest_first_.size() > kMost) newest_first_.pop_back();
  return made;
}

absl::StatusOr<std::shared_ptr<const VisibleTiles>> VisibleTilesCache::Make(const BankSnapshot& bank,
                                                                            const TileSequence& tiles,
                                                                            int64_t version,
                                                                            cudaStream_t stream) {
  std::vector<uint16_t> rows(tiles.tile_count());
  for (const TileRange& range : tiles.BySegment()) {
    const Segment& segment = bank.segment(range.segment);
    for (int64_t t = 0; t < range.count; ++t) {
      rows[range.number + t] = segment.VisibleRows(range.first + t, version);
    }
  }
  const auto bytes = static_cast<int64_t>(rows.size() * sizeof(uint16_t));
  Bytes on_device(device_, Bytes::Place::kDevice);
  ENGRAM_RETURN_IF_ERROR(on_device.Grow(bytes));
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaMemcpyAsync(on_device.as<void>(), rows.data(), rows.size() * sizeof(uint16_t),
                                     cudaMemcpyHostToDevice, stream),
                     "uploading visible rows"));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaStreamSynchronize(stream), "uploading visible rows"));
  return std::make_shared<const VisibleTiles>(bank.layout_id(), version, tiles.tile_count(),
                                              std::move(on_device));
}

}  // namespace engram
