#ifndef ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
#define ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

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

  // In no particular order.
  const std::vector<float>& bounds() const { return bounds_; }

 private:
  const size_t limit_;
  std::vector<float> bounds_;  // Once full, a heap with the least on top.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
