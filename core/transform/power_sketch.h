#ifndef ENGRAM_CORE_TRANSFORM_POWER_SKETCH_H_
#define ENGRAM_CORE_TRANSFORM_POWER_SKETCH_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/power.h"

namespace engram {

// Many descending scores as a few: blocks that grow with their distance from the first, each known by
// its first score and its mean. Bounds sums of powers at the cost of few of their terms.
//
// Refers to the scores, which must outlive it. Not thread-safe: it adds blocks as they are needed.
class PowerSketch {
 public:
  struct Bounds {
    double low;
    double high;
  };

  // Block b is 1 / `sharpness` times as long as what comes before it, or one score: about
  // sharpness log(n / sharpness) blocks for n scores.
  PowerSketch(absl::Span<const double> scores, int64_t sharpness) : scores_(scores), sharpness_(sharpness) {}

  int64_t sharpness() const { return sharpness_; }

  // Bounds on sum_{i<size} [scale (s_i - origin)]^e, up to rounding; NaN if a difference overflows.
  // REQUIRES: the first `size` scores are not below `origin`.
  Bounds SumAbove(int64_t size, double origin, double scale, const Power& power);

 private:
  struct Block {
    int64_t begin;
    int64_t end;
    double mean_drop;  // Mean of s_begin - s_i.
  };

  // The scores [begin, end) as a block.
  Block BlockOf(int64_t begin, int64_t end) const;
  // Adds the blocks that end at or before `size`.
  void Cover(int64_t size);

  absl::Span<const double> scores_;
  int64_t sharpness_;
  std::vector<Block> blocks_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POWER_SKETCH_H_
