#include "core/sweep/cuda/memory_pool.h"

#include "core/base/status_macros.h"

namespace engram {

DeviceBytes::~DeviceBytes() {
  // What of a lost device is left as it is: see Device::Wait.
  if (data_ == nullptr || pool_->device_->is_lost()) return;
  pool_->device_->Use();
  (void)cudaFreeAsync(data_, stream_);
}

absl::StatusOr<std::unique_ptr<MemoryPool>> MemoryPool::Make(Device* device, int64_t kept_bytes) {
  std::unique_ptr<MemoryPool> pool(new MemoryPool(device));
  ENGRAM_RETURN_IF_ERROR(pool->Begin(kept_bytes));
  return pool;
}

absl::Status MemoryPool::Begin(int64_t kept_bytes) {
  constexpr char kDoing[] = "taking memory for a pool";
  device_->Use();
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.handleTypes = cudaMemHandleTypeNone;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device_->index();
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaMemPoolCreate(&pool_, &properties), kDoing));
  auto threshold = static_cast<uint64_t>(kept_bytes);
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &threshold), kDoing));
  if (kept_bytes == 0) return absl::OkStatus();
  // In one piece, which what is taken later is cut from.
  constexpr cudaStream_t kDefaultStream = nullptr;
  { ENGRAM_RETURN_IF_ERROR(Take(kept_bytes, kDefaultStream).status()); }
  return device_->Wait(kDefaultStream, kDoing);
}

MemoryPool::~MemoryPool() {
  if (pool_ == nullptr || device_->is_lost()) return;
  device_->Use();
  (void)cudaMemPoolDestroy(pool_);
}

absl::StatusOr<DeviceBytes> MemoryPool::Take(int64_t bytes, cudaStream_t stream) {
  ENGRAM_RETURN_IF_ERROR(device_->CheckPresent());
  if (bytes == 0) return DeviceBytes();
  device_->Use();
  void* data = nullptr;
  ENGRAM_RETURN_IF_ERROR(device_->Check(
      cudaMallocFromPoolAsync(&data, static_cast<size_t>(bytes), pool_, stream), "taking memory"));
  return DeviceBytes(this, stream, data);
}

}  // namespace engram
