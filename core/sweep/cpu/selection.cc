#include "core/sweep/cpu/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/codes/row_code.h"
#include "core/sweep/cpu/at_least.h"
#include "core/sweep/cpu/best_bounds.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Bounds kept beyond the cut's rank for the first cut. Few will do: where they leave many tiles above it, all
// their bounds make the next one.
constexpr int64_t kExtraBounds = 6;
constexpr size_t kManyTiles = 4;

// Tiles and rows are taken in batches that double, so that the cut is looked at often while it rises.
constexpr size_t kFirstTiles = 4;
constexpr size_t kFirstRows = 32;

// Fewer are not worth waking a thread for.
constexpr int64_t kTilesForThreads = 64;
constexpr int64_t kRowsForThreads = 256;

// A state is dense when more than 1 in 4 rows must be scored, which at random takes as long as all of them in
// order.
constexpr int64_t kDenseRows = 4;
// Of small banks everything may be looked at: it costs nothing.
constexpr int64_t kFewRows = 1024;

// Finite numbers at least `cut`.
void KeepAtLeast(double cut, std::vector<double>* bounds) {
  bounds->erase(std::remove_if(bounds->begin(), bounds->end(),
                               [cut](double bound) { return bound < cut || bound == -kInfinity; }),
                bounds->end());
}

}  // namespace

Selection::Selection(const RowScorer& scorer, const TileSequence& tiles, const SweepState& state,
                     std::shared_ptr<const Screen> screen, ThreadPool* pool)
    : scorer_(scorer),
      tiles_(tiles),
      state_(state),
      pool_(pool),
      screen_(std::move(screen)),
      cut_(-kInfinity) {
  for (const RowRef row : tiles.loose_rows()) {
    if (scorer.bank().segment(row.segment).VisibleAt(row.index, state.version)) {
      scored_.push_back(scorer.Score(state.state, row));
      lowers_.push_back(scored_.back().score);
    }
  }
}

void Selection::Sharpen(std::vector<double> bounds) {
  cut_ = std::max(cut_, SharpestCut(state_.cut, std::move(bounds)));
}

void Selection::Learn(absl::Span<const Survivor> rows) {
  std::vector<double> scores;
  scores.reserve(rows.size());
  for (const Survivor& row : rows) scores.push_back(row.score);
  Sharpen(std::move(scores));
}

std::vector<float> Selection::LowerBounds(absl::Span<const float> uppers, const EstimateError& error) const {
  std::vector<float> lowers(uppers.size());
  for (const TileRange& range : tiles_.BySegment()) {
    const Segment& segment = scorer_.bank().segment(range.segment);
    const float* residuals = segment.tile_residual_bounds() + range.first;
    const float* norms = segment.tile_norm_bounds() + range.first;
    const float* upper = uppers.data() + range.number;
    float* lower = lowers.data() + range.number;
    // The row with the largest upper bound has a score at most twice its error below.
    for (int64_t t = 0; t < range.count; ++t) {
      lower[t] = upper[t] - 2 * error.Margin(residuals[t], norms[t]);
    }
  }
  return lowers;
}

std::vector<Selection::OpenTile> Selection::LearnFromTiles(absl::Span<const float> uppers,
                                                           const EstimateError& error) {
  const std::vector<float> lowers = LowerBounds(uppers, error);
  // Bounds of different tiles are of different rows.
  BestBounds best(state_.cut.rank() + kExtraBounds);
  best.AddAll(lowers);
  std::vector<double> bounds = lowers_;
  for (const float lower : best.bounds()) bounds.push_back(lower * scale());
  KeepAtLeast(cut_, &bounds);
  Sharpen(std::move(bounds));

  std::vector<OpenTile> open = TilesAbove(uppers);
  while (open.size() > kManyTiles * best.limit()) {
    std::vector<double> many = lowers_;
    for (const OpenTile& tile : open) many.push_back(lowers[tile.number] * scale());
    KeepAtLeast(cut_, &many);
    Sharpen(std::move(many));
    const size_t before = open.size();
    open = TilesAbove(uppers);
    if (open.size() > before / 2) break;
  }
  return open;
}

std::vector<Selection::OpenTile> Selection::TilesAbove(absl::Span<const float> uppers) const {
  std::vector<OpenTile> open;
  ForEachAtLeast(uppers, scaled_cut(), [&](size_t t) {
    open.push_back({uppers[t], static_cast<int64_t>(t)});
  });
  return open;
}

bool Selection::Collect(std::vector<OpenTile> open, int64_t most_tiles, SurvivorList* survivors) {
  if (!OpenTiles(std::move(open), most_tiles)) return false;
  ScoreCandidates();
  Learn(scored_);
  scored_.erase(std::remove_if(scored_.begin(), scored_.end(),
                               [this](const Survivor& row) { return row.score < cut_; }),
                scored_.end());
  *survivors = std::move(scored_);
  return true;
}

bool Selection::OpenTiles(std::vector<OpenTile> open, int64_t most_tiles) {
  const auto below = [](const OpenTile& a, const OpenTile& b) { return a.upper < b.upper; };
  const int64_t most_rows = std::max(kFewRows, tiles_.tile_count() * kTileRows / kDenseRows);
  std::make_heap(open.begin(), open.end(), below);
  std::vector<RowBounds> batch;
  int64_t opened = 0;
  for (size_t size = kFirstTiles; !open.empty() && open.front().upper >= scaled_cut(); size *= 2) {
    batch.clear();
    while (batch.size() < size && !open.empty() && open.front().upper >= scaled_cut()) {
      batch.push_back({tiles_.Find(open.front().number), {}, {}});
      std::pop_heap(open.begin(), open.end(), below);
      open.pop_back();
    }
    opened += static_cast<int64_t>(batch.size());
    if (opened > most_tiles) return false;
    ForEach(static_cast<int64_t>(batch.size()), kTilesForThreads, [&](int64_t i) { BoundRows(&batch[i]); });
    for (const RowBounds& bounds : batch) TakeRows(bounds);
    Sharpen(lowers_);
    KeepAtLeast(cut_, &lowers_);
    candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(),
                                     [&](const Candidate& row) { return row.upper < cut_; }),
                      candidates_.end());
    if (static_cast<int64_t>(candidates_.size()) > most_rows) return false;
  }
  return true;
}

void Selection::BoundRows(RowBounds* bounds) const {
  const Segment& segment = scorer_.bank().segment(bounds->tile.segment);
  const int64_t first_row = bounds->tile.first * kTileRows;
  float estimates[kTileRows];
  screen_->Estimate(segment, bounds->tile.first, 1, estimates);
  const uint16_t visible = segment.VisibleRows(bounds->tile.first, state_.version);
  const EstimateError& error = screen_->error(0);
  const float* residuals = screen_->residuals(segment);
  for (int64_t l = 0; l < kTileRows; ++l) {
    const float residual = residuals == nullptr ? 0 : residuals[first_row + l];
    const float margin = error.Margin(residual, segment.norm_bounds()[first_row + l]);
    const bool is_visible = ((visible >> l) & 1U) != 0;
    bounds->lowers[l] = is_visible ? estimates[l] - margin : -std::numeric_limits<float>::infinity();
    bounds->uppers[l] = is_visible ? estimates[l] + margin : -std::numeric_limits<float>::infinity();
  }
}

void Selection::TakeRows(const RowBounds& bounds) {
  const double scale = this->scale();
  for (int64_t l = 0; l < kTileRows; ++l) {
    const double upper = bounds.uppers[l] * scale;
    if (upper < cut_ || upper == -kInfinity) continue;
    const int64_t row = bounds.tile.first * kTileRows + l;
    candidates_.push_back({upper, {bounds.tile.segment, static_cast<int32_t>(row)}});
    const double lower = bounds.lowers[l] * scale;
    if (lower >= cut_) lowers_.push_back(lower);
  }
}

void Selection::ScoreCandidates() {
  const auto below = [](const Candidate& a, const Candidate& b) { return a.upper < b.upper; };
  std::make_heap(candidates_.begin(), candidates_.end(), below);
  std::vector<RowRef> batch;
  const size_t first = std::max(kFirstRows, 2 * static_cast<size_t>(state_.cut.rank()));
  for (size_t size = first; !candidates_.empty() && candidates_.front().upper >= cut_; size *= 2) {
    batch.clear();
    while (batch.size() < size && !candidates_.empty() && candidates_.front().upper >= cut_) {
      batch.push_back(candidates_.front().row);
      std::pop_heap(candidates_.begin(), candidates_.end(), below);
      candidates_.pop_back();
    }
    const size_t begin = scored_.size();
    scored_.resize(begin + batch.size());
    ForEach(static_cast<int64_t>(batch.size()), kRowsForThreads,
            [&](int64_t i) { scored_[begin + i] = scorer_.Score(state_.state, batch[i]); });
    if (!candidates_.empty()) Learn(scored_);
  }
}

template <typename Body>
void Selection::ForEach(int64_t count, int64_t least_for_threads, const Body& body) const {
  if (pool_ == nullptr || count < least_for_threads) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  const int64_t slices = count / (least_for_threads / 4);
  pool_->ParallelFor(slices, [&](int64_t slice) {
    for (int64_t i = count * slice / slices; i < count * (slice + 1) / slices; ++i) body(i);
  });
}

}  // namespace engram
