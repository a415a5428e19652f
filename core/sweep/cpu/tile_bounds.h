#ifndef ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_
#define ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "core/base/aligned_array.h"

namespace engram {

// An upper bound of the scaled scores in each of T tiles, for each of B states; -infinity where no row is
// visible. Scores themselves are never kept.
class TileBounds {
 public:
  TileBounds(int64_t states, int64_t tiles)
      : states_(states), tiles_(tiles), uppers_(NewAlignedArray<float>(states * tiles)) {}

  int64_t state_count() const { return states_; }

  // [T] of state b; uninitialised at first. Different threads may write different parts.
  absl::Span<float> uppers(int64_t b) { return {uppers_.get() + b * tiles_, static_cast<size_t>(tiles_)}; }
  absl::Span<const float> uppers(int64_t b) const {
    return {uppers_.get() + b * tiles_, static_cast<size_t>(tiles_)};
  }

 private:
  int64_t states_;
  int64_t tiles_;
  AlignedArray<float> uppers_;  // [B, T]
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_
