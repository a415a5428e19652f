#include "core/sweep/cuda/resident_tiles.h"

#include <utility>

#include "core/codes/row_code.h"
#include "core/sweep/cuda/device_segment.h"

namespace engram {

ResidentTiles::ResidentTiles(BankSnapshot bank, TileSequence tiles, Gpu* gpu)
    : bank_(std::move(bank)), tiles_(std::move(tiles)), gpu_(gpu) {
  for (const TileRange& range : tiles_.BySegment()) {
    const DeviceSegment* const segment = DeviceSegment::Of(bank_.segment(range.segment));
    segments_.push_back(segment->tiles(range.number, range.count));
    has_patterns_ &= segment->patterns() != nullptr;
  }
}

DeviceBank ResidentTiles::OnDevice(const DeviceTiles* segments) const {
  DeviceBank bank;
  bank.segments = segments;
  bank.segment_count = static_cast<int32_t>(segments_.size());
  bank.units = static_cast<int32_t>(UnitCount(bank_.settings().dim));
  bank.dim = bank_.settings().dim;
  bank.tile_count = tiles_.tile_count();
  return bank;
}

}  // namespace engram
