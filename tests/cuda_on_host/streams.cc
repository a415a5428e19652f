// Streams and events. All work is done when a call returns, so that they have little to do but to know what
// hangs.

#include <chrono>

#include "tests/cuda_on_host/fake_device.h"

using engram::cuda_on_host::BeginCall;
using engram::cuda_on_host::CurrentDevice;
using engram::cuda_on_host::DeviceOf;
using engram::cuda_on_host::Remember;
using engram::cuda_on_host::TheDevice;
using engram::cuda_on_host::WaitForHang;
using Clock = std::chrono::steady_clock;
using Lock = std::lock_guard<std::mutex>;

struct CUstream_st {
  unsigned flags;
  int device;
  int64_t hang_count;  // Of the device when its last work began to hang; 0: none does.
};
struct CUevent_st {
  unsigned flags;
  int device;
  int64_t hang_count;  // That of the stream when it was recorded.
  bool is_recorded;
  Clock::time_point time;
};

namespace {

// The call's error if the device fails or there is no such stream or event. Null is the default stream.
cudaError_t BeginCallOn(const void* handle) {
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return error;
  const bool is_known = handle == nullptr || TheDevice().handles.count(handle) != 0;
  return is_known ? cudaSuccess : cudaErrorInvalidResourceHandle;
}
cudaError_t BeginCallOnEvent(cudaEvent_t event) {
  return event == nullptr ? cudaErrorInvalidResourceHandle : BeginCallOn(event);
}

// Whether what hung when the device counted so many still does.
bool Hangs(int64_t hang_count) { return hang_count != 0 && hang_count == TheDevice().hang_count; }

template <typename Handle>
cudaError_t Query(Handle* handle, cudaError_t error) {
  if (error != cudaSuccess || handle == nullptr) return Remember(error);
  return Remember(Hangs(handle->hang_count) ? cudaErrorNotReady : cudaSuccess);
}
template <typename Handle>
cudaError_t Synchronize(Handle* handle, cudaError_t error, std::unique_lock<std::mutex>* lock) {
  if (error != cudaSuccess || handle == nullptr) return Remember(error);
  if (Hangs(handle->hang_count)) WaitForHang(handle->hang_count, lock);
  engram::cuda_on_host::TrimPools();
  return cudaSuccess;
}

template <typename Handle>
cudaError_t Create(Handle** handle, unsigned flags) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  *handle = new Handle{};
  (*handle)->flags = flags;
  (*handle)->device = CurrentDevice();
  TheDevice().handles.insert(*handle);
  return cudaSuccess;
}
template <typename Handle>
cudaError_t Destroy(Handle* handle) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCall();
  if (TheDevice().handles.erase(handle) == 0) return Remember(cudaErrorInvalidResourceHandle);
  delete handle;
  return Remember(error);
}

}  // namespace

int engram::cuda_on_host::DeviceOf(cudaStream_t stream) {
  return stream == nullptr ? CurrentDevice() : stream->device;
}

cudaError_t engram::cuda_on_host::BeginWork(cudaStream_t stream, bool is_kernel) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCallOn(stream);
  if (error != cudaSuccess) return Remember(error);
  if (is_kernel && DeviceOf(stream) != CurrentDevice()) return Remember(cudaErrorInvalidResourceHandle);
  auto& device = TheDevice();
  const bool hangs = device.hang == Hang::kEverything || (device.hang == Hang::kKernels && is_kernel);
  if (!hangs) return cudaSuccess;
  device.has_unfinished = true;
  if (stream != nullptr) stream->hang_count = device.hang_count;
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return Create(stream, cudaStreamDefault); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) { return Create(stream, flags); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  return Create(stream, flags);
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  const Lock lock(TheDevice().mutex);
  *least = 0;
  *greatest = -5;
  return Remember(BeginCall());
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return Destroy(stream); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  std::unique_lock<std::mutex> lock(TheDevice().mutex);
  return Synchronize(stream, BeginCallOn(stream), &lock);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCallOn(stream);
  if (error != cudaSuccess) return Remember(error);
  if (TheDevice().handles.count(event) == 0) return Remember(cudaErrorInvalidResourceHandle);
  if (stream != nullptr && Hangs(event->hang_count)) stream->hang_count = event->hang_count;
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Lock lock(TheDevice().mutex);
  return Query(stream, BeginCallOn(stream));
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return Create(event, cudaEventDefault); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) { return Create(event, flags); }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCallOnEvent(event);
  if (error != cudaSuccess) return Remember(error);
  if (stream != nullptr && TheDevice().handles.count(stream) == 0) {
    return Remember(cudaErrorInvalidResourceHandle);
  }
  if (DeviceOf(stream) != event->device) return Remember(cudaErrorInvalidResourceHandle);
  event->is_recorded = true;
  event->hang_count = stream == nullptr ? 0 : stream->hang_count;
  event->time = Clock::now();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  std::unique_lock<std::mutex> lock(TheDevice().mutex);
  return Synchronize(event, BeginCallOnEvent(event), &lock);
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Lock lock(TheDevice().mutex);
  return Query(event, BeginCallOnEvent(event));
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  for (const cudaEvent_t event : {start, end}) {
    const bool is_timed = TheDevice().handles.count(event) != 0 && event->is_recorded &&
                          (event->flags & cudaEventDisableTiming) == 0;
    if (!is_timed) return Remember(cudaErrorInvalidResourceHandle);
  }
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) { return Destroy(event); }
