#include "core/sweep/cuda/device.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram {
namespace {

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
  return absl::UnavailableError(absl::StrCat("device ", index_, " is lost: ", text));
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
