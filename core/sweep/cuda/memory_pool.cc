#include "core/sweep/cuda/memory_pool.h"

#include "core/base/status_macros.h"

namespace engram {

DeviceBytes::~DeviceBytes() {
  // What of a lost device is left as it is: see Device::Wait.
  if (data_ == nullptr || pool_->device_->is_lost()) return;
  pool_->device_->Use();
  (void)cudaFreeAsync(data_, stream_);
  pool_->has_returns_ = true;
}

absl::StatusOr<std::unique_ptr<MemoryPool>> MemoryPool::Make(Device* device, int64_t kept_bytes) {
  std::unique_ptr<MemoryPool> pool(new MemoryPool(device, kept_bytes));
  ENGRAM_RETURN_IF_ERROR(pool->Begin());
  return pool;
}

absl::Status MemoryPool::Begin() {
  constexpr char kDoing[] = "taking memory for a pool";
  device_->Use();
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.handleTypes = cudaMemHandleTypeNone;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device_->index();
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaMemPoolCreate(&pool_, &properties), kDoing));
  auto threshold = static_cast<uint64_t>(kept_bytes_);
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &threshold), kDoing));
  // Or a look would get what a scan is about to give back, and wait for the scan.
  int do_allow = 0;
  ENGRAM_RETURN_IF_ERROR(device_->Check(
      cudaMemPoolSetAttribute(pool_, cudaMemPoolReuseAllowInternalDependencies, &do_allow), kDoing));
  if (kept_bytes_ == 0) return absl::OkStatus();
  // In one piece, which what is taken later is cut from.
  constexpr cudaStream_t kDefaultStream = nullptr;
  { ENGRAM_RETURN_IF_ERROR(Take(kept_bytes_, kDefaultStream).status()); }
  return device_->Wait(kDefaultStream, kDoing);
}

MemoryPool::~MemoryPool() {
  if (pool_ == nullptr || device_->is_lost()) return;
  device_->Use();
  (void)cudaMemPoolDestroy(pool_);
}

void MemoryPool::Trim(cudaStream_t stream) {
  if (device_->is_lost() || !has_returns_.exchange(false)) return;
  constexpr char kDoing[] = "giving memory back";
  device_->Use();
  const cudaError_t error = cudaStreamQuery(stream);
  if (error == cudaErrorNotReady) {
    (void)cudaGetLastError();  // Or the next launch of this thread would report it.
    has_returns_ = true;
    return;
  }
  // The device keeps what went wrong.
  if (!device_->Check(error, kDoing).ok()) return;
  device_->Check(cudaMemPoolTrimTo(pool_, static_cast<size_t>(kept_bytes_)), kDoing).IgnoreError();
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
