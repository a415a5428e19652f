#include "core/sweep/cuda/visible_tiles.h"

#include <utility>
#include <vector>

#include "core/base/status_macros.h"

namespace engram {
namespace {

// Of a bank or two, with versions that the slowest queries are pinned to.
constexpr size_t kMost = 16;
// Of large banks fewer, but always those of two versions: a write must not drop what sweeps still ask for.
constexpr int64_t kMostBytes = int64_t{64} << 20;
constexpr size_t kLeast = 2;

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
  int64_t bytes = 0;
  for (const auto& kept : newest_first_) bytes += kept->bytes();
  while (newest_first_.size() > kMost || (newest_first_.size() > kLeast && bytes > kMostBytes)) {
    bytes -= newest_first_.back()->bytes();
    newest_first_.pop_back();
  }
  return made;
}

absl::StatusOr<std::vector<const uint16_t*>> VisibleTilesCache::GetAll(const BankSnapshot& bank,
                                                                       const TileSequence& tiles,
                                                                       absl::Span<const int64_t> versions,
                                                                       Workspace* workspace) {
  std::vector<const uint16_t*> visible(versions.size());
  if (tiles.tile_count() == 0) return visible;
  // Held in the end: to make one may wait for the workspace, which lets go of what it holds.
  std::vector<std::shared_ptr<const VisibleTiles>> owners;
  for (size_t b = 0; b < versions.size(); ++b) {
    if (b > 0 && versions[b] == versions[b - 1]) {
      visible[b] = visible[b - 1];
      continue;
    }
    ENGRAM_ASSIGN_OR_RETURN(owners.emplace_back(), Get(bank, tiles, versions[b], workspace));
    visible[b] = owners.back()->rows();
  }
  for (std::shared_ptr<const VisibleTiles>& owner : owners) workspace->Hold(std::move(owner));
  return visible;
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
