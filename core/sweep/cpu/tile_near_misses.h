#ifndef ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_
#define ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_

#include <memory>
#include <vector>

#include "core/sweep/cpu/recalled_patterns.h"
#include "core/sweep/cpu/screen.h"
#include "core/sweep/cpu/tile_bounds.h"
#include "core/sweep/row_scorer.h"
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

// Serves later states from the upper bounds U of a sweep's tiles. For any a >= 0,
//
//   x.q' = a x.q + x.(q' - a q) <= a U + |x| |q' - a q|,
//
// least for a = q'.q / |q|^2. The tiles that reach the cut are opened for q' itself.
class TileNearMisses : public NearMisses {
 public:
  // Of state b of the sweep, scaled there by `scale`.
  TileNearMisses(std::shared_ptr<const ScannedTiles> scanned, int64_t b, absl::Span<const double> state,
                 double scale);

  bool Serve(const SweepState& next, SurvivorList* survivors) const override;

 private:
  const std::shared_ptr<const ScannedTiles> scanned_;
  const int64_t b_;
  std::vector<double> state_;  // q / scale.
  double square_ = 0;          // Of its norm.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_TILE_NEAR_MISSES_H_
