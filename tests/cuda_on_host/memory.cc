// Memory of the fake device: memory of the process, one allocation each, so that a sanitizer sees its ends.

#include <cstdlib>
#include <cstring>

#include "tests/cuda_on_host/fake_device.h"

using engram::cuda_on_host::BeginCall;
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
    if (allocation.device == device) bytes += allocation.bytes;
  }
  return bytes;
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
  const size_t used = AllocatedOn(device);
  const size_t total = TheDevice().memory_bytes;
  if (used > total || bytes > total - used) return Remember(cudaErrorMemoryAllocation);
  *pointer = NewGarbage(bytes);
  if (*pointer == nullptr) return Remember(cudaErrorMemoryAllocation);
  TheDevice().allocations[reinterpret_cast<uintptr_t>(*pointer)] = {bytes, device};
  return cudaSuccess;
}
cudaError_t cudaFree(void* pointer) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCall();
  if (pointer != nullptr) {
    if (TheDevice().allocations.erase(reinterpret_cast<uintptr_t>(pointer)) == 0) {
      return Remember(error != cudaSuccess ? error : cudaErrorInvalidValue);
    }
    std::free(pointer);
  }
  return Remember(error);
}
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = cudaStreamQuery(stream); error != cudaSuccess) return error;
  return cudaMalloc(pointer, bytes);
}
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  const cudaError_t stream_error = cudaStreamQuery(stream);
  const cudaError_t error = cudaFree(pointer);
  return stream_error != cudaSuccess ? stream_error : error;
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
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCall();
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
  if (const cudaError_t error = cudaStreamQuery(stream); error != cudaSuccess) return error;
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
  if (const cudaError_t error = cudaStreamQuery(stream); error != cudaSuccess) return error;
  return cudaMemset(to, byte, bytes);
}

// The pool gives back at once whatever is freed.

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  int value = 0;
  static char the_pool;
  *pool = reinterpret_cast<cudaMemPool_t>(&the_pool);
  return cudaDeviceGetAttribute(&value, cudaDevAttrMemoryPoolsSupported, device);
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaDeviceSynchronize(); }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) { return cudaDeviceSynchronize(); }
