#ifndef ENGRAM_BENCH_GPU_DEVICE_TIMER_H_
#define ENGRAM_BENCH_GPU_DEVICE_TIMER_H_

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device.h"

namespace engram::bench {

// How long a device takes for what a stream is given, by its own clock.
class DeviceTimer {
 public:
  // Both must outlive it.
  DeviceTimer(Device* device, cudaStream_t stream) : device_(device), stream_(stream) {
    error_ = cudaEventCreate(&begin_);
    if (error_ == cudaSuccess) error_ = cudaEventCreate(&end_);
  }
  ~DeviceTimer() {
    if (begin_ != nullptr) (void)cudaEventDestroy(begin_);
    if (end_ != nullptr) (void)cudaEventDestroy(end_);
  }
  DeviceTimer(const DeviceTimer&) = delete;
  DeviceTimer& operator=(const DeviceTimer&) = delete;

  // Milliseconds of one of `count` launches: launch(0), launch(1), ..., which return cudaError_t.
  template <typename Launch>
  absl::StatusOr<double> Time(int64_t count, const Launch& launch) {
    cudaError_t error = error_;
    if (error == cudaSuccess) error = cudaEventRecord(begin_, stream_);
    for (int64_t i = 0; error == cudaSuccess && i < count; ++i) error = launch(i);
    if (error == cudaSuccess) error = cudaEventRecord(end_, stream_);
    if (error == cudaSuccess) error = cudaEventSynchronize(end_);
    float milliseconds = 0;
    if (error == cudaSuccess) error = cudaEventElapsedTime(&milliseconds, begin_, end_);
    ENGRAM_RETURN_IF_ERROR(device_->Check(error, "timing"));
    return static_cast<double>(milliseconds) / static_cast<double>(count);
  }

  // So many launches that they take a few milliseconds together; they also warm up.
  template <typename Launch>
  absl::StatusOr<int64_t> FindCount(const Launch& launch) {
    constexpr double kTogether = 3;
    constexpr double kMost = 200;
    ENGRAM_RETURN_IF_ERROR(Time(1, launch).status());
    ENGRAM_ASSIGN_OR_RETURN(const double one, Time(1, launch));
    return static_cast<int64_t>(std::clamp(kTogether / std::max(one, 1e-3), 1.0, kMost));
  }

 private:
  Device* const device_;
  const cudaStream_t stream_;
  cudaError_t error_;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_DEVICE_TIMER_H_
