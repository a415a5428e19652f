#ifndef ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
#define ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "core/sweep/cpu/at_least.h"

namespace engram {

// The largest of the numbers that it is given.
class BestBounds {
 public:
  // Keeps `limit`. REQUIRES: limit >= 1.
  explicit BestBounds(size_t limit) : limit_(limit) {}

  size_t limit() const { return limit_; }

  void Add(float bound) {
    if (bounds_.size() < limit_) {
      bounds_.push_back(bound);
      if (bounds_.size() == limit_) std::make_heap(bounds_.begin(), bounds_.end(), std::greater<float>());
    } else if (bound > bounds_.front()) {
      std::pop_heap(bounds_.begin(), bounds_.end(), std::greater<float>());
      bounds_.back() = bound;
      std::push_heap(bounds_.begin(), bounds_.end(), std::greater<float>());
    }
  }

  void AddAll(absl::Span<const float> bounds) {
    const size_t first = std::min(bounds.size(), limit_ - bounds_.size());
    for (const float bound : bounds.first(first)) Add(bound);
    constexpr size_t kBlock = 256;
    for (size_t begin = first; begin < bounds.size(); begin += kBlock) {
      const absl::Span<const float> block = bounds.subspan(begin, kBlock);
      ForEachAtLeast(block, bounds_.front(), [&](size_t i) { Add(block[i]); });
    }
  }

  // In no particular order.
  const std::vector<float>& bounds() const { return bounds_; }

 private:
  const size_t limit_;
  std::vector<float> bounds_;  // Once full, a heap with the least on top.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
