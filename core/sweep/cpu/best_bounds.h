#ifndef ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
#define ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "absl/types/span.h"

namespace engram {

// The largest of the numbers that it is given, or nearly.
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

  // Adds the largest of every kStrides-th number, which most of the largest numbers are: one is missed only
  // if a larger one shares its stride. All of them if there are few, or many are to be kept.
  void AddAll(absl::Span<const float> bounds) {
    if (limit_ > kStrides / 4 || bounds.size() < 4 * kStrides) {
      for (const float bound : bounds) Add(bound);
      return;
    }
    float largest[kStrides];
    std::copy_n(bounds.begin(), kStrides, largest);
    size_t i = kStrides;
    for (; i + kStrides <= bounds.size(); i += kStrides) {
      for (size_t l = 0; l < kStrides; ++l) largest[l] = std::max(largest[l], bounds[i + l]);
    }
    for (size_t l = 0; i + l < bounds.size(); ++l) largest[l] = std::max(largest[l], bounds[i + l]);
    for (const float bound : largest) Add(bound);
  }

  // In no particular order.
  const std::vector<float>& bounds() const { return bounds_; }

 private:
  static constexpr size_t kStrides = 64;

  const size_t limit_;
  std::vector<float> bounds_;  // Once full, a heap with the least on top.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_BEST_BOUNDS_H_
