#ifndef ENGRAM_CORE_BASE_COUNTER_H_
#define ENGRAM_CORE_BASE_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace engram {

// Counts up. Orders nothing else: what is read may be behind by what happens at the same time. Thread-safe.
class Counter {
 public:
  void Add(int64_t more) { value_.fetch_add(more, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_COUNTER_H_
