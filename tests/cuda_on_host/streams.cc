// Streams and events. All work is done when a call returns, so they have little to do.

#include <chrono>

#include "tests/cuda_on_host/fake_device.h"

using engram::cuda_on_host::BeginCall;
using engram::cuda_on_host::Remember;
using engram::cuda_on_host::TheDevice;
using Clock = std::chrono::steady_clock;
using Lock = std::lock_guard<std::mutex>;

struct CUstream_st {
  unsigned flags;
};
struct CUevent_st {
  unsigned flags;
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

template <typename Handle>
cudaError_t Create(Handle** handle, unsigned flags) {
  const Lock lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  *handle = new Handle{};
  (*handle)->flags = flags;
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

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return Create(stream, cudaStreamDefault); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) { return Create(stream, flags); }
cudaError_t cudaStreamDestroy(cudaStream_t stream) { return Destroy(stream); }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock(TheDevice().mutex);
  return Remember(BeginCallOn(stream));
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCallOn(stream);
  if (error != cudaSuccess) return Remember(error);
  return TheDevice().handles.count(event) != 0 ? cudaSuccess : Remember(cudaErrorInvalidResourceHandle);
}
cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }

cudaError_t cudaEventCreate(cudaEvent_t* event) { return Create(event, cudaEventDefault); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) { return Create(event, flags); }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock(TheDevice().mutex);
  const cudaError_t error = BeginCallOnEvent(event);
  if (error != cudaSuccess) return Remember(error);
  if (stream != nullptr && TheDevice().handles.count(stream) == 0) {
    return Remember(cudaErrorInvalidResourceHandle);
  }
  event->is_recorded = true;
  event->time = Clock::now();
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Lock lock(TheDevice().mutex);
  return Remember(BeginCallOnEvent(event));
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return cudaEventSynchronize(event); }
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
