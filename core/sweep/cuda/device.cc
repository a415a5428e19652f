#include "core/sweep/cuda/device.h"

#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Most sweeps of an update take some tens of microseconds, in which nothing else is worth beginning; then
// other threads may have the core; and what takes longer than any of them is asked for in steps that are
// small beside it and leave the core idle.
constexpr std::chrono::microseconds kSpin{50};
constexpr std::chrono::microseconds kYield{1000};
constexpr std::chrono::microseconds kSleep{50};

std::string Describe(cudaError_t error) {
  return absl::StrCat(cudaGetErrorString(error), " (", cudaGetErrorName(error), ")");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> Device::Open(int index) {
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess) return absl::NotFoundError(Describe(counted));
  if (index >= count) return absl::NotFoundError(absl::StrCat("no device ", index, ": there are ", count));
  std::unique_ptr<Device> device(new Device(index));
  cudaDeviceProp properties;
  size_t free_bytes = 0;
  size_t memory_bytes = 0;
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = cudaGetDeviceProperties(&properties, index);
  if (error == cudaSuccess) error = cudaMemGetInfo(&free_bytes, &memory_bytes);
  if (error != cudaSuccess) return absl::UnavailableError(Describe(error));
  if (const cudaError_t checked = CheckKernels(); checked != cudaSuccess) {
    (void)cudaGetLastError();
    return absl::NotFoundError(absl::StrCat("this build has no kernels for ", properties.name,
                                            ", compute capability ", properties.major, ".", properties.minor,
                                            ": ", Describe(checked)));
  }
  device->name_ = properties.name;
  device->multiprocessors_ = properties.multiProcessorCount;
  device->memory_bytes_ = static_cast<int64_t>(memory_bytes);
  device->free_bytes_ = static_cast<int64_t>(free_bytes);
  return device;
}

void Device::Use() const {
  // If this fails so will what follows.
  (void)cudaSetDevice(index_);
}

absl::Status Device::Check(cudaError_t error, absl::string_view doing) {
  if (error == cudaSuccess) return absl::OkStatus();
  (void)cudaGetLastError();  // Or the next launch would report it once more.
  const std::string text = absl::StrCat(doing, ": ", Describe(error));
  if (error == cudaErrorMemoryAllocation) return absl::ResourceExhaustedError(text);
  Lose(text);
  return CheckPresent();
}

absl::Status Device::Wait(cudaStream_t stream, absl::string_view doing) {
  return WaitUntilReady([stream] { return cudaStreamQuery(stream); }, doing);
}

absl::Status Device::Wait(cudaEvent_t event, absl::string_view doing) {
  return WaitUntilReady([event] { return cudaEventQuery(event); }, doing);
}

absl::Status Device::WaitUntilReady(absl::FunctionRef<cudaError_t()> query, absl::string_view doing) {
  const SteadyClock::time_point begin = SteadyClock::now();
  while (!is_lost_) {
    const cudaError_t error = query();
    if (error != cudaErrorNotReady) return Check(error, doing);
    (void)cudaGetLastError();  // Or the next launch would report it.
    const SteadyClock::duration waited = SteadyClock::now() - begin;
    if (waited > kYield) {
      std::this_thread::sleep_for(kSleep);
    } else if (waited > kSpin) {
      std::this_thread::yield();
    }
  }
  return CheckPresent();
}

absl::Status Device::CheckPresent() const {
  if (!is_lost_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("device ", index_, " is lost: ", fault()));
}

void Device::Lose(absl::string_view why) {
  MutexLock lock(&mutex_);
  if (fault_.empty()) fault_ = std::string(why);
  is_lost_ = true;
}

std::string Device::fault() const {
  MutexLock lock(&mutex_);
  return fault_;
}

}  // namespace engram
