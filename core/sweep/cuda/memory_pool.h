#ifndef ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_
#define ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_

#include <cuda_runtime_api.h>

#include <atomic>
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
  // Takes `kept_bytes` of the device at once and keeps them: the driver is asked only for more, and gets it
  // back by Trim. `device` must outlive it. RESOURCE_EXHAUSTED: there are not so many bytes. UNAVAILABLE: the
  // device is lost.
  static absl::StatusOr<std::unique_ptr<MemoryPool>> Make(Device* device, int64_t kept_bytes);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // Bytes for what is launched on `stream` from now on. Never those for which it would have to wait for what
  // another stream still does. Errors are those of Make.
  absl::StatusOr<DeviceBytes> Take(int64_t bytes, cudaStream_t stream);

  // Gives the device what is free beyond the kept bytes, if any were given back since the last time, and
  // `stream`, in whose order they were, has come so far; else a later call does. The driver itself would do
  // so only in calls that wait for streams, of which we make none. Does nothing once the device is lost.
  void Trim(cudaStream_t stream);

 private:
  friend class DeviceBytes;

  MemoryPool(Device* device, int64_t kept_bytes) : device_(device), kept_bytes_(kept_bytes) {}
  absl::Status Begin();

  Device* const device_;
  const int64_t kept_bytes_;
  cudaMemPool_t pool_ = nullptr;
  std::atomic<bool> has_returns_ = false;  // Since it was last trimmed.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_MEMORY_POOL_H_
