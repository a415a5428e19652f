// Memory of the fake device: memory of the process, one allocation each, so that a sanitizer sees its ends.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_on_host/fake_device.h"

using engram::cuda_on_host::BeginCall;
using engram::cuda_on_host::BeginWaitingCall;
using engram::cuda_on_host::BeginWork;
using engram::cuda_on_host::FakeDevice;
using engram::cuda_on_host::Remember;
using engram::cuda_on_host::TheDevice;
using Lock = std::lock_guard<std::mutex>;

namespace {

constexpr int kGarbage = 0xcd;
constexpr size_t kAlignment = 256;

size_t AllocatedOn(int device) {
  size_t bytes = 0;
  for (const auto& [address, allocation] : TheDevice().allocations) {
    if (allocation.device == device && allocation.pool == nullptr) bytes += allocation.bytes;
  }
  for (const auto& [handle, pool] : TheDevice().pools) {
    if (pool.device == device) bytes += pool.lent_bytes;
  }
  return bytes;
}

bool IsFree(int device, size_t bytes) {
  const size_t used = AllocatedOn(device);
  const size_t total = TheDevice().memory_bytes;
  return used <= total && bytes <= total - used;
}

// REQUIRES: TheDevice().mutex is held.
void GiveBackToPool(const FakeDevice::Allocation& allocation) {
  const auto found = TheDevice().pools.find(allocation.pool);
  if (found == TheDevice().pools.end()) return;
  FakeDevice::Pool& pool = found->second;
  pool.used_bytes -= allocation.bytes;
  if (!TheDevice().do_pools_keep) pool.lent_bytes = pool.used_bytes;
}

// REQUIRES: TheDevice().mutex is held.
void Trim(FakeDevice::Pool* pool, size_t kept_bytes) {
  const size_t kept = TheDevice().do_pools_keep ? kept_bytes : 0;
  pool->lent_bytes = std::min(pool->lent_bytes, std::max(pool->used_bytes, kept));
}

// Frees even if there was an error before, and returns it. REQUIRES: TheDevice().mutex is held.
cudaError_t Free(void* pointer, cudaError_t before) {
  if (pointer == nullptr) return Remember(before);
  const auto found = TheDevice().allocations.find(reinterpret_cast<uintptr_t>(pointer));
  if (found == TheDevice().allocations.end()) {
    return Remember(before != cudaSuccess ? before : cudaErrorInvalidValue);
  }
  GiveBackToPool(found->second);
  TheDevice().allocations.erase(found);
  std::free(pointer);
  return Remember(before);
}

void* NewGarbage(size_t bytes) {
  void* pointer = nullptr;
  if (posix_memalign(&pointer, kAlignment, bytes) != 0) return nullptr;
  std::memset(pointer, kGarbage, bytes);
  return pointer;
}

enum class Place { kHost, kDevice, kPartlyDevice };
Place PlaceOf(const void* pointer, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(pointer);
  const auto& allocations = TheDevice().allocations;
  const auto next = allocations.upper_bound(begin);
  if (next != allocations.begin()) {
    const auto& [address, allocation] = *std::prev(next);
    if (begin < address + allocation.bytes) {
      return bytes <= address + allocation.bytes - begin ? Place::kDevice : Place::kPartlyDevice;
    }
  }
  return next != allocations.end() && next->first - begin < bytes ? Place::kPartlyDevice : Place::kHost;
}

// Whether a copy's side lies where its kind says.
bool IsAt(const void* pointer, size_t bytes, bool is_default, bool is_device) {
  const Place place = PlaceOf(pointer, bytes);
  if (is_default) return place != Place::kPartlyDevice;
  return place == (is_device ? Place::kDevice : Place::kHost);
}

}  // namespace

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  int device = 0;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  const Lock lock(TheDevice().mutex);
  const size_t used = AllocatedOn(device);
  *total = TheDevice().memory_bytes;
  *free = used < *total ? *total - used : 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  int device = 0;
  if (const cudaError_t error = cudaGetDevice(&device); error != cudaSuccess) return error;
  const Lock lock(TheDevice().mutex);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (!IsFree(device, bytes)) return Remember(cudaErrorMemoryAllocation);
  *pointer = NewGarbage(bytes);
  if (*pointer == nullptr) return Remember(cudaErrorMemoryAllocation);
  TheDevice().allocations[reinterpret_cast<uintptr_t>(*pointer)] = {bytes, device, nullptr};
  return cudaSuccess;
}
cudaError_t cudaFree(void* pointer) {
  std::unique_lock<std::mutex> lock(TheDevice().mutex);
  return Free(pointer, BeginWaitingCall(&lock));
}
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = BeginWork(stream, /*is_kernel=*/false); error != cudaSuccess) return error;
  return cudaMalloc(pointer, bytes);
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  const cudaError_t error = BeginWork(stream, /*is_kernel=*/false);
  const Lock lock(TheDevice().mutex);
  return Free(pointer, error);
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  return cudaHostAlloc(pointer, bytes, cudaHostAllocDefault);
}
cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  const Lock lock(TheDevice().mutex);
  *pointer = nullptr;
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  if (bytes == 0) return cudaSuccess;
  *pointer = NewGarbage(bytes);
  if (*pointer == nullptr) return Remember(cudaErrorMemoryAllocation);
  TheDevice().pinned.insert(*pointer);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* pointer) {
  std::unique_lock<std::mutex> lock(TheDevice().mutex);
  const cudaError_t error = BeginWaitingCall(&lock);
  if (pointer != nullptr) {
    if (TheDevice().pinned.erase(pointer) == 0) {
      return Remember(error != cudaSuccess ? error : cudaErrorInvalidValue);
    }
    std::free(pointer);
  }
  return Remember(error);
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  {
    const Lock lock(TheDevice().mutex);
    if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
    if (bytes == 0) return cudaSuccess;
    const bool is_default = kind == cudaMemcpyDefault;
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (!IsAt(to, bytes, is_default, to_device) || !IsAt(from, bytes, is_default, from_device)) {
      return Remember(cudaErrorInvalidValue);
    }
  }
  std::memmove(to, from, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (const cudaError_t error = BeginWork(stream, /*is_kernel=*/false); error != cudaSuccess) return error;
  return cudaMemcpy(to, from, bytes, kind);
}
cudaError_t cudaMemset(void* to, int byte, size_t bytes) {
  {
    const Lock lock(TheDevice().mutex);
    if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
    if (bytes == 0) return cudaSuccess;
    if (PlaceOf(to, bytes) != Place::kDevice) return Remember(cudaErrorInvalidValue);
  }
  std::memset(to, byte, bytes);
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int byte, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = BeginWork(stream, /*is_kernel=*/false); error != cudaSuccess) return error;
  return cudaMemset(to, byte, bytes);
}

// Pools keep what is freed until they are trimmed.

struct CUmemPoolHandle_st {};

void engram::cuda_on_host::TrimPools() {
  for (auto& [handle, pool] : TheDevice().pools) Trim(&pool, pool.kept_bytes);
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t kept_bytes) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  const auto found = TheDevice().pools.find(pool);
  if (found == TheDevice().pools.end()) return Remember(cudaErrorInvalidValue);
  Trim(&found->second, kept_bytes);
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  int value = 0;
  const int device = properties->location.id;
  const cudaError_t error = cudaDeviceGetAttribute(&value, cudaDevAttrMemoryPoolsSupported, device);
  if (error != cudaSuccess) return error;
  const Lock lock(TheDevice().mutex);
  *pool = new CUmemPoolHandle_st;
  TheDevice().pools[*pool] = {device};
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCall();
  const auto found = TheDevice().pools.find(pool);
  // CUDA would wait for what is not given back; nobody means that.
  if (found == TheDevice().pools.end() || found->second.used_bytes > 0)
    return Remember(cudaErrorInvalidValue);
  TheDevice().pools.erase(found);
  delete pool;
  return Remember(error);
}
cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t handle, cudaStream_t stream) {
  if (const cudaError_t error = BeginWork(stream, /*is_kernel=*/false); error != cudaSuccess) return error;
  const Lock lock(TheDevice().mutex);
  const int device = engram::cuda_on_host::DeviceOf(stream);
  const auto found = TheDevice().pools.find(handle);
  if (found == TheDevice().pools.end() || found->second.device != device) {
    return Remember(cudaErrorInvalidValue);
  }
  *pointer = nullptr;
  FakeDevice::Pool& pool = found->second;
  const size_t wanted = pool.used_bytes + bytes;
  const size_t more = wanted > pool.lent_bytes ? wanted - pool.lent_bytes : 0;
  if (!IsFree(device, more)) return Remember(cudaErrorMemoryAllocation);
  *pointer = NewGarbage(bytes);
  if (*pointer == nullptr) return Remember(cudaErrorMemoryAllocation);
  pool.used_bytes = wanted;
  pool.lent_bytes += more;
  TheDevice().allocations[reinterpret_cast<uintptr_t>(*pointer)] = {bytes, device, handle};
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  const auto found = TheDevice().pools.find(pool);
  if (found == TheDevice().pools.end()) return Remember(cudaErrorInvalidValue);
  switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold:
      found->second.kept_bytes = *static_cast<uint64_t*>(value);
      return cudaSuccess;
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      return cudaSuccess;  // All work is done at once: nothing is in the way of reuse.
  }
  return Remember(cudaErrorInvalidValue);
}

void engram::cuda_on_host::FreeAll() {
  const Lock lock(TheDevice().mutex);
  for (const auto& [address, allocation] : TheDevice().allocations) {
    std::free(reinterpret_cast<void*>(address));
  }
  for (void* const pointer : TheDevice().pinned) std::free(pointer);
  for (const auto& [handle, pool] : TheDevice().pools) delete handle;
  TheDevice().allocations.clear();
  TheDevice().pinned.clear();
  TheDevice().pools.clear();
}
