#include "tests/cuda_on_host/fake_device.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/cuda_on_host/cuda_on_host.h"

namespace engram::cuda_on_host {
namespace {

using Lock = std::lock_guard<std::mutex>;

thread_local cudaError_t last_error = cudaSuccess;
thread_local int current_device = 0;

struct ErrorText {
  cudaError_t error;
  const char* name;
  const char* text;
};
constexpr ErrorText kErrorTexts[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
     "no kernel image is available for execution on the device"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
     "too many resources requested for launch"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};
const ErrorText* FindText(cudaError_t error) {
  for (const ErrorText& text : kErrorTexts) {
    if (text.error == error) return &text;
  }
  return nullptr;
}

}  // namespace

FakeDevice& TheDevice() {
  static FakeDevice device;
  return device;
}

int CurrentDevice() { return current_device; }

cudaError_t BeginCall() {
  FakeDevice& device = TheDevice();
  if (device.fault != cudaSuccess && device.calls_until_fault-- <= 0) {
    device.calls_until_fault = 0;
    return device.fault;
  }
  return device.count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

void WaitForHang(int64_t hang_count, std::unique_lock<std::mutex>* lock) {
  FakeDevice& device = TheDevice();
  const auto is_done = [&] { return hang_count == 0 || hang_count != device.hang_count; };
  if (device.finished.wait_for(*lock, std::chrono::minutes(1), is_done)) return;
  std::fprintf(stderr, "cuda_on_host: a call waits for ever for a device that hangs\n");
  std::abort();
}

cudaError_t BeginWaitingCall(std::unique_lock<std::mutex>* lock) {
  const cudaError_t error = BeginCall();
  if (error == cudaSuccess && TheDevice().has_unfinished) WaitForHang(TheDevice().hang_count, lock);
  if (error == cudaSuccess) TrimPools();
  return error;
}

cudaError_t Remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void SetDeviceCount(int count) {
  const Lock lock(TheDevice().mutex);
  TheDevice().count = count;
}
void SetMultiprocessors(int count) {
  const Lock lock(TheDevice().mutex);
  TheDevice().multiprocessors = count;
}
void SetDeviceMemory(int64_t bytes) {
  const Lock lock(TheDevice().mutex);
  TheDevice().memory_bytes = static_cast<size_t>(bytes);
}
int64_t AllocatedBytes() {
  const Lock lock(TheDevice().mutex);
  size_t bytes = 0;
  for (const auto& [address, allocation] : TheDevice().allocations) {
    if (allocation.pool == nullptr) bytes += allocation.bytes;
  }
  for (const auto& [handle, pool] : TheDevice().pools) bytes += pool.lent_bytes;
  return static_cast<int64_t>(bytes);
}
void LetPoolsKeep(bool do_keep) {
  const Lock lock(TheDevice().mutex);
  TheDevice().do_pools_keep = do_keep;
}
void FailFrom(cudaError_t error, int64_t calls) {
  const Lock lock(TheDevice().mutex);
  TheDevice().fault = error;
  TheDevice().calls_until_fault = calls;
}
void SetHang(Hang hang) {
  const Lock lock(TheDevice().mutex);
  FakeDevice& device = TheDevice();
  device.hang = hang;
  ++device.hang_count;
  device.has_unfinished = false;
  device.finished.notify_all();
}
bool HasUnfinishedWork() {
  const Lock lock(TheDevice().mutex);
  return TheDevice().has_unfinished;
}
void SetSchedule(uint64_t seed) {
  const Lock lock(TheDevice().mutex);
  TheDevice().seed = seed;
}
void Reset() {
  SetHang(Hang::kNothing);
  const FakeDevice as_at_first;
  FakeDevice& device = TheDevice();
  const Lock lock(device.mutex);
  device.count = as_at_first.count;
  device.multiprocessors = as_at_first.multiprocessors;
  device.memory_bytes = as_at_first.memory_bytes;
  device.fault = as_at_first.fault;
  device.calls_until_fault = as_at_first.calls_until_fault;
  device.seed = as_at_first.seed;
  device.do_pools_keep = as_at_first.do_pools_keep;
  last_error = cudaSuccess;
  current_device = 0;
}

}  // namespace engram::cuda_on_host

using engram::cuda_on_host::BeginCall;
using engram::cuda_on_host::Remember;
using engram::cuda_on_host::TheDevice;
using Lock = std::lock_guard<std::mutex>;

namespace {
cudaError_t CheckDevice(int device) {
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return error;
  return device >= 0 && device < TheDevice().count ? cudaSuccess : cudaErrorInvalidDevice;
}
}  // namespace

const char* cudaGetErrorName(cudaError_t error) {
  const auto* const text = engram::cuda_on_host::FindText(error);
  return text == nullptr ? "unrecognized error code" : text->name;
}
const char* cudaGetErrorString(cudaError_t error) {
  const auto* const text = engram::cuda_on_host::FindText(error);
  return text == nullptr ? "unrecognized error code" : text->text;
}

// A fault of the device stays the last error, whoever asks.
cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  engram::cuda_on_host::last_error = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() {
  const Lock lock(TheDevice().mutex);
  const auto& device = TheDevice();
  if (device.fault != cudaSuccess && device.calls_until_fault <= 0) return device.fault;
  return engram::cuda_on_host::last_error;
}

cudaError_t cudaGetDeviceCount(int* count) {
  const Lock lock(TheDevice().mutex);
  *count = 0;
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  *count = TheDevice().count;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = CheckDevice(device); error != cudaSuccess) return Remember(error);
  engram::cuda_on_host::current_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  const Lock lock(TheDevice().mutex);
  *device = engram::cuda_on_host::current_device;
  return Remember(BeginCall());
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  using namespace engram::cuda_on_host;
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = CheckDevice(device); error != cudaSuccess) return Remember(error);
  cudaDeviceProp result{};
  std::strcpy(result.name, "CUDA on the host");
  result.totalGlobalMem = TheDevice().memory_bytes;
  result.sharedMemPerBlock = kSharedBytes;
  result.sharedMemPerBlockOptin = kMaxSharedBytes;
  result.sharedMemPerMultiprocessor = kMultiprocessorSharedBytes;
  result.reservedSharedMemPerBlock = kReservedSharedBytes;
  result.regsPerBlock = 65536;
  result.regsPerMultiprocessor = 65536;
  result.warpSize = 32;
  result.maxThreadsPerBlock = kMaxBlockThreads;
  result.maxThreadsPerMultiProcessor = kMaxMultiprocessorThreads;
  result.maxBlocksPerMultiProcessor = kMaxMultiprocessorBlocks;
  result.maxGridSize[0] = 0x7fffffff;
  result.maxGridSize[1] = result.maxGridSize[2] = 65535;
  result.major = 9;
  result.multiProcessorCount = TheDevice().multiprocessors;
  result.memoryBusWidth = 5120;
  result.l2CacheSize = 50 << 20;
  result.ECCEnabled = 1;
  *properties = result;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* bus_id, int length, int device) {
  using namespace engram::cuda_on_host;
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = CheckDevice(device); error != cudaSuccess) return Remember(error);
  // No bus has so many.
  std::snprintf(bus_id, static_cast<size_t>(length), "FFFF:FF:%02X.0", device);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device); error != cudaSuccess)
    return error;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = properties.maxThreadsPerBlock;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(properties.sharedMemPerBlock);
      break;
    case cudaDevAttrWarpSize:
      *value = properties.warpSize;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = properties.multiProcessorCount;
      break;
    case cudaDevAttrMemoryClockRate:
      *value = 2'600'000;
      break;  // kHz.
    case cudaDevAttrGlobalMemoryBusWidth:
      *value = properties.memoryBusWidth;
      break;
    case cudaDevAttrL2CacheSize:
      *value = properties.l2CacheSize;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = properties.maxThreadsPerMultiProcessor;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = properties.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = properties.minor;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(properties.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(properties.sharedMemPerBlockOptin);
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *value = 1;
      break;
    default:
      return Remember(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  std::unique_lock<std::mutex> lock(TheDevice().mutex);
  return Remember(engram::cuda_on_host::BeginWaitingCall(&lock));
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
