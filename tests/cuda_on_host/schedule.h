#ifndef ENGRAM_TESTS_CUDA_ON_HOST_SCHEDULE_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_SCHEDULE_H_

#include <cstdint>

namespace engram::cuda_on_host {

// The choices that a seed makes: who runs next. SplitMix64.
class Schedule {
 public:
  explicit Schedule(uint64_t seed) : state_(seed) {}

  // One of 0 .. count - 1. `count` > 0.
  int64_t Choose(int64_t count) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return static_cast<int64_t>(bits % static_cast<uint64_t>(count));
  }

 private:
  uint64_t state_;
};

}  // namespace engram::cuda_on_host

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_SCHEDULE_H_
