#ifndef ENGRAM_BENCH_GPU_SCAN_BENCH_H_
#define ENGRAM_BENCH_GPU_SCAN_BENCH_H_

#include "absl/status/statusor.h"
#include "bench/gpu/ceilings.h"
#include "bench/gpu/gpu_options.h"
#include "core/sweep/cuda/device.h"
#include "nlohmann/json.hpp"

namespace engram::bench {

// The kernels of a scan alone, over codes of `shape`, with each number of states in turn and with a kernel
// that only reads the same codes. An object for each number of states, or one that says why there is none.
// UNAVAILABLE: the device is lost.
absl::StatusOr<nlohmann::ordered_json> MeasureScans(Device* device, Shape shape, const Ceilings& ceilings,
                                                    const GpuOptions& options);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_SCAN_BENCH_H_
