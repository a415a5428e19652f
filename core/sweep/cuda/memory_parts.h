#ifndef ENGRAM_CORE_SWEEP_CUDA_MEMORY_PARTS_H_
#define ENGRAM_CORE_SWEEP_CUDA_MEMORY_PARTS_H_

#include <cstdint>

namespace engram {

// Hands out parts of a device's memory, one after the other; of no memory (null) it counts the bytes.
class MemoryParts {
 public:
  explicit MemoryParts(unsigned char* memory) : memory_(memory) {}

  // Room for `count` elements, and `spare_bytes` behind them. Aligned for everything. Null of no memory.
  template <typename T>
  T* Take(int64_t count, int64_t spare_bytes = 0) {
    constexpr int64_t kAlignment = 256;
    unsigned char* const part = memory_ == nullptr ? nullptr : memory_ + bytes_;
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T)) + spare_bytes;
    bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(part);
  }
  // Of all parts so far.
  int64_t bytes() const { return bytes_; }

 private:
  unsigned char* const memory_;
  int64_t bytes_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_MEMORY_PARTS_H_
