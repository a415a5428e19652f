#ifndef ENGRAM_CORE_SWEEP_CUDA_MEMORY_PLAN_H_
#define ENGRAM_CORE_SWEEP_CUDA_MEMORY_PLAN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "core/sweep/cuda/cuda_backend.h"
#include "core/sweep/cuda/device.h"

namespace engram {

// Who may take how much of the devices' memory, in bytes.
struct MemoryPlan {
  // On each device, the bounds of one scan;
  int64_t scan_bytes = 0;
  // with them, all that sweeps work with, taken before the first.
  int64_t scratch_bytes = 0;
  // Banks, of each device.
  std::vector<int64_t> bank_bytes;
};

// `devices` are those of the options, just opened.
MemoryPlan PlanMemory(const CudaOptions& options, const std::vector<std::unique_ptr<Device>>& devices);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_MEMORY_PLAN_H_
