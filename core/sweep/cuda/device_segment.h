#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_SEGMENT_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_SEGMENT_H_

#include <cstdint>

#include "core/bank/memory_budget.h"
#include "core/bank/residency.h"
#include "core/bank/segment.h"
#include "core/sweep/cuda/device_tiles.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/memory_pool.h"

namespace engram {

// A segment's codes in the device's memory, with what bounds scores, and its patterns if there is room.
class DeviceSegment : public ResidentSegment {
 public:
  // What one takes up, all of it counted.
  static int64_t BytesFor(int64_t capacity, int64_t dim, bool with_patterns);

  // What a device keeps of `segment`; null: none does.
  static const DeviceSegment* Of(const Segment& segment) {
    return dynamic_cast<const DeviceSegment*>(segment.resident());
  }

  // `memory`, of `gpu`, has room for BytesFor bytes. `gpu` must outlive this.
  DeviceSegment(int64_t capacity, int64_t dim, bool with_patterns, DeviceBytes memory,
                Reservation reservation, Reservation pattern_reservation, Gpu* gpu);

  void Copy(const Segment& segment, int64_t begin, int64_t end) override;
  int64_t bytes() const override { return reservation_.bytes(); }

  // Where it lies.
  Gpu* gpu() const { return gpu_; }
  // Its first `tile_count` tiles, which begin at number `begin` of a bank's. REQUIRES: they were copied.
  DeviceTiles tiles(int64_t begin, int64_t tile_count) const;
  // The patterns [C, D]; null: not resident.
  const float* patterns() const { return patterns_; }

 private:
  const int64_t dim_;
  // They go after the memory: who finds it free in the budget finds it in the pool.
  const Reservation reservation_;
  const Reservation pattern_reservation_;  // Of what may be taken for patterns.
  const DeviceBytes memory_;
  Gpu* const gpu_;
  // Parts of the memory.
  int8_t* codes_ = nullptr;
  float* scales_ = nullptr;
  float* residuals_ = nullptr;
  float* norms_ = nullptr;
  float* tile_residuals_ = nullptr;
  float* tile_norms_ = nullptr;
  float* patterns_ = nullptr;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_SEGMENT_H_
