#ifndef ENGRAM_CORE_BASE_HISTOGRAM_H_
#define ENGRAM_CORE_BASE_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace engram {

// How many values of each size there were, in buckets that are fixed from the start. Adding takes neither
// locks nor memory. Thread-safe.
class Histogram {
 public:
  static constexpr size_t kMaxBounds = 24;

  struct Reading {
    // [bounds + 1]: values up to bounds[0], above that up to bounds[1], and so on; at last all larger ones.
    std::vector<int64_t> counts;
    // Of all values. Values that are added at the same time may be in one and not yet in the other.
    int64_t sum = 0;
  };

  // `bounds` ascend, are at most kMaxBounds, and must outlive this.
  explicit Histogram(absl::Span<const int64_t> bounds) : bounds_(bounds) {
    assert(bounds.size() <= kMaxBounds);
  }

  absl::Span<const int64_t> bounds() const { return bounds_; }

  // One after the other: small values, of which there are most, are found at once.
  void Add(int64_t value) {
    size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  Reading Read() const {
    Reading reading;
    for (size_t i = 0; i <= bounds_.size(); ++i) {
      reading.counts.push_back(counts_[i].load(std::memory_order_relaxed));
    }
    reading.sum = sum_.load(std::memory_order_relaxed);
    return reading;
  }

 private:
  const absl::Span<const int64_t> bounds_;
  std::array<std::atomic<int64_t>, kMaxBounds + 1> counts_{};
  std::atomic<int64_t> sum_{0};
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_HISTOGRAM_H_
