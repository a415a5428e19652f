#ifndef ENGRAM_BENCH_GPU_CEILINGS_H_
#define ENGRAM_BENCH_GPU_CEILINGS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "bench/gpu/gpu_options.h"
#include "core/sweep/cuda/device.h"

namespace engram::bench {

// What a device was seen to do at best: medians.
struct Ceilings {
  int64_t read_bytes = 0;            // The buffer that was read and copied.
  double read_per_second = 0;        // Bytes read.
  double copied_per_second = 0;      // Bytes read and written.
  double multiplied_per_second = 0;  // Multiplications and additions of int8 in registers.
};

// The second-level cache of the calling thread's device; 0: not known.
int64_t CacheBytes();

absl::StatusOr<Ceilings> MeasureCeilings(Device* device, const GpuOptions& options);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_CEILINGS_H_
