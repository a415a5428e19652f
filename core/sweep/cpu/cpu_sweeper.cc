#include "core/sweep/cpu/cpu_sweeper.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/sweep/cpu/cpu_softmax_stream.h"
#include "core/sweep/cpu/dense_scan.h"
#include "core/sweep/cpu/selection.h"
#include "core/sweep/cpu/tile_near_misses.h"
#include "core/sweep/cpu/tile_scan.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

// Up to here the second plane of a state is free: reading the codes takes longer.
constexpr size_t kMaxFineStates = 4;

// Fewer tiles in all are not worth waking a thread for.
constexpr int64_t kMinParallelTiles = int64_t{1} << 14;

// More rows than are worth choosing are spread over more than this share of the tiles.
int64_t MostTiles(int64_t tile_count) {
  constexpr int64_t kFewTiles = 64;
  return std::max(kFewTiles, tile_count * 7 / 10);
}

}  // namespace

absl::Status CpuSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                               absl::Span<SweepResult> results) {
  std::vector<size_t> screened;
  std::vector<size_t> dense;
  for (size_t b = 0; b < states.size(); ++b) {
    (IsHopelessToScreen(bank, states[b]) ? dense : screened).push_back(b);
  }
  if (!screened.empty()) {
    const std::vector<size_t> dense_after_all = ScreenStates(bank, states, screened, results);
    dense.insert(dense.end(), dense_after_all.begin(), dense_after_all.end());
  }
  LeaveDenseStates(bank, states, &dense, results);
  if (!dense.empty()) {
    dense_states_.Add(static_cast<int64_t>(dense.size()));
    ScoreAllRows(RowScorer(&bank, &arithmetic_), states, dense, pool_, results);
  }
  LeaveCrowdedStates(states, results);
  return absl::OkStatus();
}

absl::Status CpuSweeper::StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                       absl::Span<StreamedSoftmax> updates) {
  CpuStreamSoftmax(bank, states, BestStreamKernels(), pool_, updates);
  return absl::OkStatus();
}

std::vector<size_t> CpuSweeper::ScreenStates(const BankSnapshot& bank,
                                             absl::Span<const SweepState> all_states,
                                             const std::vector<size_t>& screened,
                                             absl::Span<SweepResult> results) const {
  std::vector<SweepState> states;
  states.reserve(screened.size());
  for (const size_t b : screened) states.push_back(all_states[b]);
  const Care care = states.size() <= kMaxFineStates ? Care::kFine : Care::kCoarse;
  const std::shared_ptr<const Screen> screen = MakeScreen(bank.settings(), states, care, kernels_);
  TileSequence tiles(bank);
  TileBounds bounds = ScanTiles(bank, tiles, states, *screen, kernels_, pool_);
  const auto scanned = std::make_shared<const ScannedTiles>(
      ScannedTiles{bank, std::move(tiles), std::move(bounds), &kernels_, &arithmetic_, recalled_});

  std::vector<char> is_dense(states.size(), 0);
  const auto select = [&](int64_t k, ThreadPool* pool) {
    const RowScorer scorer(&scanned->bank, &arithmetic_);
    // Tiles are opened for one state at a time, and finely.
    Selection selection(
        scorer, scanned->tiles, states[k],
        states.size() == 1 ? screen : MakeScreen(bank.settings(), {&states[k], 1}, Care::kFine, kernels_),
        pool);
    SweepResult& result = results[screened[k]];
    std::vector<Selection::OpenTile> open =
        selection.LearnFromTiles(scanned->bounds.uppers(k), screen->error(k));
    const int64_t tile_count = scanned->tiles.tile_count();
    if (static_cast<int64_t>(open.size()) > MostTiles(tile_count) ||
        !selection.Collect(std::move(open), tile_count, &result.survivors)) {
      is_dense[k] = 1;
      return;
    }
    if (const auto pattern = RecalledPatterns::KeyOf(scanned->bank, states[k], result.survivors)) {
      recalled_->Remember(*pattern, selection.cut(), result.survivors);
    }
    result.near_misses = std::make_unique<TileNearMisses>(scanned, k, states[k].state, screen->scale(k));
  };
  const auto count = static_cast<int64_t>(states.size());
  if (count > 1 && count * scanned->tiles.tile_count() >= kMinParallelTiles) {
    pool_->ParallelFor(count, [&](int64_t k) { select(k, nullptr); });
  } else {
    for (int64_t k = 0; k < count; ++k) select(k, pool_);
  }
  std::vector<size_t> dense;
  for (size_t k = 0; k < states.size(); ++k) {
    if (is_dense[k] != 0) dense.push_back(screened[k]);
  }
  return dense;
}

}  // namespace engram
