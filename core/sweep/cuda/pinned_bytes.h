#ifndef ENGRAM_CORE_SWEEP_CUDA_PINNED_BYTES_H_
#define ENGRAM_CORE_SWEEP_CUDA_PINNED_BYTES_H_

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device.h"

namespace engram {

// Bytes of the host, uninitialised, that the device copies from and to while the host goes on. `device` must
// outlive them.
class PinnedBytes {
 public:
  explicit PinnedBytes(Device* device) : device_(device) {}
  ~PinnedBytes() { Free(); }
  PinnedBytes(const PinnedBytes&) = delete;
  PinnedBytes& operator=(const PinnedBytes&) = delete;

  // Makes room for `size` bytes; what was there is gone. REQUIRES: no copy is under way. RESOURCE_EXHAUSTED:
  // there is not so much. UNAVAILABLE: the device is lost.
  absl::Status Grow(int64_t size) {
    ENGRAM_RETURN_IF_ERROR(device_->CheckPresent());
    if (size <= size_) return absl::OkStatus();
    // To pin memory takes milliseconds and stops the device: doubled, it ends soon.
    const int64_t grown = std::max(size, 2 * size_);
    Free();
    device_->Use();
    void* data = nullptr;
    ENGRAM_RETURN_IF_ERROR(
        device_->Check(cudaMallocHost(&data, static_cast<size_t>(grown)), "pinning memory"));
    data_ = data;
    size_ = grown;
    return absl::OkStatus();
  }

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void Free() {
    if (data_ == nullptr) return;
    // What of a lost device is left as it is: see Device::Wait.
    if (!device_->is_lost()) {
      device_->Use();
      (void)cudaFreeHost(data_);
    }
    data_ = nullptr;
    size_ = 0;
  }

  Device* const device_;
  void* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_PINNED_BYTES_H_
