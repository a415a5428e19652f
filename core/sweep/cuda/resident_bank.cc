#include "core/sweep/cuda/resident_bank.h"

#include <algorithm>
#include <limits>

#include "core/sweep/cuda/device_segment.h"

namespace engram {

std::optional<ResidentBank> ResidentBank::Find(BankSnapshot snapshot) {
  ResidentBank bank(std::move(snapshot));
  TileSequence tiles(bank.snapshot_);
  bank.loose_rows_ = tiles.loose_rows();
  bank.part_of_segment_.resize(bank.snapshot_.segment_count());
  std::vector<Gpu*> gpus;
  for (const TileRange& range : tiles.BySegment()) {
    const DeviceSegment* const segment = DeviceSegment::Of(bank.snapshot_.segment(range.segment));
    if (segment == nullptr) return std::nullopt;
    const auto found = std::find(gpus.begin(), gpus.end(), segment->gpu());
    bank.part_of_segment_[range.segment] = found - gpus.begin();
    if (found == gpus.end()) gpus.push_back(segment->gpu());
  }
  // Tiles are numbered in 32 bits in lists.
  constexpr int64_t kMostTiles = std::numeric_limits<int32_t>::max();
  if (gpus.empty() || tiles.tile_count() > kMostTiles) return std::nullopt;
  if (gpus.size() == 1) {
    bank.parts_.emplace_back(bank.snapshot_, std::move(tiles), gpus[0]);
    return bank;
  }
  for (size_t p = 0; p < gpus.size(); ++p) {
    TileSequence part(bank.snapshot_, [&](int32_t s) { return bank.part_of_segment_[s] == p; });
    bank.parts_.emplace_back(bank.snapshot_, std::move(part), gpus[p]);
  }
  return bank;
}

int64_t ResidentBank::most_tiles() const {
  int64_t most = 0;
  for (const ResidentTiles& part : parts_) most = std::max(most, part.tiles().tile_count());
  return most;
}

bool ResidentBank::has_patterns() const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const ResidentTiles& part) { return part.has_patterns(); });
}

bool ResidentBank::is_lost() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const ResidentTiles& part) { return part.gpu()->device()->is_lost(); });
}

}  // namespace engram
