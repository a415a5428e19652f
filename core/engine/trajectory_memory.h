#ifndef ENGRAM_CORE_ENGINE_TRAJECTORY_MEMORY_H_
#define ENGRAM_CORE_ENGINE_TRAJECTORY_MEMORY_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"

namespace engram {

// What the trajectories of all derivatives under way may take up together. Thread-safe.
class TrajectoryMemory {
 public:
  explicit TrajectoryMemory(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  // A part of the memory that grows, and is given back at the end.
  class Share {
   public:
    // `memory` must outlive it.
    explicit Share(TrajectoryMemory* memory) : memory_(memory) {}
    ~Share() { memory_->used_bytes_ -= bytes_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Makes the share `bytes` large; smaller ones stay. RESOURCE_EXHAUSTED: there is not as much.
    absl::Status GrowTo(int64_t bytes);

   private:
    TrajectoryMemory* const memory_;
    int64_t bytes_ = 0;
  };

 private:
  const int64_t limit_bytes_;
  std::atomic<int64_t> used_bytes_{0};
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_TRAJECTORY_MEMORY_H_
