#ifndef ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_
#define ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/sweep/cuda/device.h"

namespace engram {

class MemoryPool;

// Bytes of a device, uninitialised. They go back to their pool in the order of their stream: after all that
// was launched on it before. Movable, not copyable; pool and stream must outlive them.
class DeviceBytes {
 public:
  DeviceBytes() = default;
  DeviceBytes(DeviceBytes&& other) noexcept { Swap(other); }
  DeviceBytes& operator=(DeviceBytes&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~DeviceBytes();

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  friend class MemoryPool;

  DeviceBytes(MemoryPool* pool, cudaStream_t stream, void* data)
      : pool_(pool), stream_(stream), data_(data) {}
  void Swap(DeviceBytes& other) {
    std::swap(pool_, other.pool_);
    std::swap(stream_, other.stream_);
    std::swap(data_, other.data_);
  }

  MemoryPool* pool_ = nullptr;
  cudaStream_t stream_ = nullptr;
  void* data_ = nullptr;
};

// Memory of a device that is taken and given back in the order of streams, so that nothing waits for it, as
// it would for cudaMalloc and cudaFree. Thread-safe.
class MemoryPool {
 public:
  // Takes `kept_bytes` of the device at once and keeps them: the driver is asked only for more, and gets back
  // what is free beyond them. `device` must outlive it. RESOURCE_EXHAUSTED: there are not so many bytes.
  // UNAVAILABLE: the device is lost.
  static absl::StatusOr<std::unique_ptr<MemoryPool>> Make(Device* device, int64_t kept_bytes);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Bytes for what is launched on `stream` from now on. Errors are those of Make.
  absl::StatusOr<DeviceBytes> Take(int64_t bytes, cudaStream_t stream);

 private:
  friend class DeviceBytes;

  explicit MemoryPool(Device* device) : device_(device) {}
  absl::Status Begin(int64_t kept_bytes);

  Device* const device_;
  cudaMemPool_t pool_ = nullptr;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_
