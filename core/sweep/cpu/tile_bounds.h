#ifndef ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_
#define ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace engram {

// The largest upper and the largest lower bound of the scaled scores in each of T tiles, for each of B
// states; -infinity where no row is visible. Scores themselves are never kept.
class TileBounds {
 public:
  TileBounds(int64_t states, int64_t tiles)
      : tiles_(tiles), uppers_(new float[states * tiles]), lowers_(new float[states * tiles]) {}

  // [T] of state b. Different threads may write different parts.
  absl::Span<float> uppers(int64_t b) { return {uppers_.get() + b * tiles_, static_cast<size_t>(tiles_)}; }
  absl::Span<float> lowers(int64_t b) { return {lowers_.get() + b * tiles_, static_cast<size_t>(tiles_)}; }
  absl::Span<const float> uppers(int64_t b) const {
    return {uppers_.get() + b * tiles_, static_cast<size_t>(tiles_)};
  }
  absl::Span<const float> lowers(int64_t b) const {
    return {lowers_.get() + b * tiles_, static_cast<size_t>(tiles_)};
  }

 private:
  int64_t tiles_;
  std::unique_ptr<float[]> uppers_;  // [B, T]; uninitialised at first.
  std::unique_ptr<float[]> lowers_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_TILE_BOUNDS_H_
