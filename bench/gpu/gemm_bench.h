#ifndef ENGRAM_BENCH_GPU_GEMM_BENCH_H_
#define ENGRAM_BENCH_GPU_GEMM_BENCH_H_

#include "absl/status/statusor.h"
#include "bench/gpu/gemm_library.h"
#include "bench/gpu/gpu_options.h"
#include "core/sweep/cuda/device.h"
#include "nlohmann/json.hpp"

namespace engram::bench {

// Whether fusion earns its place: ScanManyStates beside the fastest way of a library with a filter behind it,
// over the same codes of `shape`, with each number of states in turn. An object for each number of states, or
// one that says why there is none; bounds of both are compared. UNAVAILABLE: the device is lost.
absl::StatusOr<nlohmann::ordered_json> MeasureGemms(Device* device, GemmLibrary* library, Shape shape,
                                                    const GpuOptions& options);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_GEMM_BENCH_H_
