#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_MEMORY_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_MEMORY_H_

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device.h"

namespace engram {

// Bytes that grow when they must, on the device or pinned on the host, where the device can copy from and to
// them while the host goes on. Uninitialised. Movable, not copyable; `device` must outlive them.
class Bytes {
 public:
  enum class Place { kDevice, kPinned };

  Bytes(Device* device, Place place) : device_(device), place_(place) {}
  Bytes(Bytes&& other) noexcept
      : device_(other.device_),
        place_(other.place_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() { Free(); }

  // Makes room for `size` bytes; what was there is gone. REQUIRES: nobody uses them.
  absl::Status Grow(int64_t size) {
    if (size <= size_) return absl::OkStatus();
    // In steps: batches differ a little from one to the next.
    return Take(std::max<int64_t>(size + size / 8, 4096));
  }
  // The same, with exactly so many.
  absl::Status Take(int64_t size) {
    Free();
    device_->Use();
    const auto wanted = static_cast<size_t>(size);
    const cudaError_t error =
        place_ == Place::kDevice ? cudaMalloc(&data_, wanted) : cudaMallocHost(&data_, wanted);
    if (error != cudaSuccess) data_ = nullptr;
    ENGRAM_RETURN_IF_ERROR(device_->Check(error, "taking memory"));
    size_ = size;
    return absl::OkStatus();
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
    // What is lost with the device is lost.
    (void)(place_ == Place::kDevice ? cudaFree(data_) : cudaFreeHost(data_));
    data_ = nullptr;
    size_ = 0;
  }

  Device* device_;
  Place place_;
  void* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_MEMORY_H_
