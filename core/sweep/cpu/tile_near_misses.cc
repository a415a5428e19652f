#include "core/sweep/cpu/tile_near_misses.h"

#include <algorithm>

#include "core/sweep/cpu/at_least.h"
#include "core/sweep/cpu/selection.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

// A sweep for one state alone costs about as much as opening one in so many tiles; of up to so many states,
// each bears its share.
constexpr int64_t kTilesOfSweep = 4;
constexpr int64_t kMaxShares = 4;
constexpr int64_t kFewTiles = 64;

}  // namespace

bool TileNearMisses::Serve(const SweepState& next, SurvivorList* survivors) const {
  const RowScorer scorer(&scanned_->bank, scanned_->arithmetic);
  survivors->resize(std::min(survivors->size(), kRescoredSurvivors));
  for (Survivor& survivor : *survivors) survivor = scorer.Score(next.state, survivor.row);
  const auto pattern = RecalledPatterns::KeyOf(scanned_->bank, next, *survivors);
  if (pattern.has_value() && scanned_->recalled->Find(*pattern, next.cut, survivors)) return true;
  Selection selection(scorer, scanned_->tiles, next,
                      MakeScreen(scanned_->bank.settings(), {&next, 1}, Care::kFine, *scanned_->kernels),
                      nullptr);
  if (selection.scale() < kLeastState) return false;
  selection.Learn(*survivors);

  const ScannedState::Move move = state_.To(next.state, selection.scale());
  const float cut = selection.scaled_cut();
  const absl::Span<const float> uppers = scanned_->bounds.uppers(b_);
  std::vector<Selection::OpenTile> open;
  std::vector<float> moved;
  for (const TileRange& range : scanned_->tiles.BySegment()) {
    const float* norms = scanned_->bank.segment(range.segment).tile_norm_bounds() + range.first;
    moved.resize(range.count);
    for (int64_t t = 0; t < range.count; ++t) {
      moved[t] = move.factor * uppers[range.number + t] + norms[t] * move.distance;
    }
    ForEachAtLeast(moved, cut, [&](int64_t t) { open.push_back({moved[t], range.number + t}); });
  }
  const int64_t shares = kTilesOfSweep * std::min(kMaxShares, scanned_->bounds.state_count());
  const int64_t most_tiles = std::max(kFewTiles, scanned_->tiles.tile_count() / shares);
  if (!selection.Collect(std::move(open), most_tiles, survivors)) return false;
  if (static_cast<int64_t>(survivors->size()) > next.most_survivors) return false;
  if (pattern.has_value()) scanned_->recalled->Remember(*pattern, selection.cut(), *survivors);
  return true;
}

}  // namespace engram
