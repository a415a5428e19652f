#include "bench/gpu/ceilings.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bench/gpu/ceiling_kernels.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/device_timer.h"
#include "bench/gpu/own_workspace.h"
#include "bench/service_goals.h"
#include "core/base/status_macros.h"

namespace engram::bench {

int64_t CacheBytes() {
  int device = 0;
  int bytes = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) error = cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device);
  if (error == cudaSuccess) return bytes;
  (void)cudaGetLastError();
  return 0;
}

absl::StatusOr<Ceilings> MeasureCeilings(Device* device, const GpuOptions& options) {
  device->Use();
  Ceilings ceilings;
  ceilings.read_bytes = std::min(options.ceiling_bytes, device->free_bytes() / 4) / 16 * 16;
  DeviceArray from(device);
  DeviceArray to(device);
  DeviceArray sink(device);
  ENGRAM_RETURN_IF_ERROR(from.Take(ceilings.read_bytes));
  ENGRAM_RETURN_IF_ERROR(to.Take(ceilings.read_bytes));
  ENGRAM_RETURN_IF_ERROR(sink.Take(sizeof(uint32_t)));
  ENGRAM_ASSIGN_OR_RETURN(const OwnWorkspace workspace, OwnWorkspace::Make(device));
  const cudaStream_t stream = workspace->stream();
  ENGRAM_RETURN_IF_ERROR(
      device->Check(LaunchFillCodes(from.as<int8_t>(), ceilings.read_bytes, 1, stream), "filling"));

  DeviceTimer timer(device, stream);
  const auto read = [&](int64_t) {
    return LaunchRead(from.as<void>(), ceilings.read_bytes, device->multiprocessors(), sink.as<uint32_t>(),
                      stream);
  };
  const auto copy = [&](int64_t) {
    return cudaMemcpyAsync(to.as<void>(), from.as<void>(), static_cast<size_t>(ceilings.read_bytes),
                           cudaMemcpyDeviceToDevice, stream);
  };
  const auto multiply = [&](int64_t) {
    return LaunchMultiply(device->multiprocessors(), options.multiply_rounds, sink.as<int32_t>(), stream);
  };
  ENGRAM_ASSIGN_OR_RETURN(const int64_t reads, timer.FindCount(read));
  ENGRAM_ASSIGN_OR_RETURN(const int64_t copies, timer.FindCount(copy));
  ENGRAM_ASSIGN_OR_RETURN(const int64_t multiplications, timer.FindCount(multiply));
  std::vector<double> read_ms;
  std::vector<double> copy_ms;
  std::vector<double> multiply_ms;
  for (int64_t round = 0; round < options.rounds; ++round) {
    ENGRAM_ASSIGN_OR_RETURN(read_ms.emplace_back(), timer.Time(reads, read));
    ENGRAM_ASSIGN_OR_RETURN(copy_ms.emplace_back(), timer.Time(copies, copy));
    ENGRAM_ASSIGN_OR_RETURN(multiply_ms.emplace_back(), timer.Time(multiplications, multiply));
  }
  const auto bytes = static_cast<double>(ceilings.read_bytes);
  ceilings.read_per_second = bytes / (Median(std::move(read_ms)) * 1e-3);
  ceilings.copied_per_second = 2 * bytes / (Median(std::move(copy_ms)) * 1e-3);
  ceilings.multiplied_per_second =
      static_cast<double>(MultiplyOperations(device->multiprocessors(), options.multiply_rounds)) /
      (Median(std::move(multiply_ms)) * 1e-3);
  return ceilings;
}

}  // namespace engram::bench
