#ifndef ENGRAM_BENCH_GPU_BANK_BENCH_H_
#define ENGRAM_BENCH_GPU_BANK_BENCH_H_

#include "absl/status/statusor.h"
#include "bench/gpu/gpu_options.h"
#include "core/base/thread_pool.h"
#include "nlohmann/json.hpp"

namespace engram::bench {

// Updates and retrievals over a real bank of `shape` by the backend for GPUs, as a caller sees them: times of
// the host's clock, answers compared with those of the CPU backend. An object; one with "skipped" if there is
// no room or time. UNAVAILABLE: the device is lost.
absl::StatusOr<nlohmann::ordered_json> MeasureBank(Shape shape, const GpuOptions& options, ThreadPool* pool);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_BANK_BENCH_H_
