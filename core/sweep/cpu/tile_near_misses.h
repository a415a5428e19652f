#ifndef ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_
#define ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_

#include <memory>
#include <utility>
#include <vector>

#include "core/sweep/cpu/recalled_patterns.h"
#include "core/sweep/cpu/screen.h"
#include "core/sweep/cpu/tile_bounds.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/scanned_state.h"
#include "core/sweep/sweeper.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// What one sweep knows of a bank's tiles; shared by its states.
struct ScannedTiles {
  BankSnapshot bank;
  TileSequence tiles;
  TileBounds bounds;
  const ScreenKernels* kernels;
  const CanonicalArithmetic* arithmetic;
  std::shared_ptr<RecalledPatterns> recalled;
};

// Serves later states from the upper bounds of a sweep's tiles (see ScannedState). The tiles that reach the
// cut are opened for the later state itself.
class TileNearMisses : public NearMisses {
 public:
  // Of state b of the sweep, scaled there by `scale`.
  TileNearMisses(std::shared_ptr<const ScannedTiles> scanned, int64_t b, absl::Span<const double> state,
                 double scale)
      : scanned_(std::move(scanned)), b_(b), state_(state, scale) {}

  bool Serve(const SweepState& next, SurvivorList* survivors) const override;

 private:
  const std::shared_ptr<const ScannedTiles> scanned_;
  const int64_t b_;
  const ScannedState state_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_
