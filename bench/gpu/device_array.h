#ifndef ENGRAM_BENCH_GPU_DEVICE_ARRAY_H_
#define ENGRAM_BENCH_GPU_DEVICE_ARRAY_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "absl/status/status.h"
#include "core/sweep/cuda/device.h"

namespace engram::bench {

// Bytes of a device, uninitialised. `device` must outlive them.
class DeviceArray {
 public:
  explicit DeviceArray(Device* device) : device_(device) {}
  ~DeviceArray() { Free(); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  // Makes them `size` bytes; what was there is gone. Errors are those of Device::Check.
  absl::Status Take(int64_t size) {
    Free();
    device_->Use();
    const cudaError_t error = cudaMalloc(&data_, static_cast<size_t>(size));
    if (error != cudaSuccess) data_ = nullptr;
    size_ = error == cudaSuccess ? size : 0;
    return device_->Check(error, "taking memory");
  }

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  int64_t size() const { return size_; }

 private:
  void Free() {
    if (data_ == nullptr) return;
    device_->Use();
    (void)cudaFree(data_);
    data_ = nullptr;
  }

  Device* const device_;
  void* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_DEVICE_ARRAY_H_
