#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_UPLOADS_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_UPLOADS_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/pinned_bytes.h"

namespace engram {

// Copies what is stored to the device while the host goes on, by way of pinned memory, and lets sweeps wait
// for it. Errors are kept by the device. Thread-safe.
class DeviceUploads {
 public:
  // `device` must outlive this.
  static absl::StatusOr<std::unique_ptr<DeviceUploads>> Make(Device* device);
  ~DeviceUploads();
  DeviceUploads(const DeviceUploads&) = delete;
  DeviceUploads& operator=(const DeviceUploads&) = delete;

  // What is done to bytes on their way: codes are stored as c + 128, the device multiplies c.
  enum class Change { kNone, kSignBytes };

  // On which they are copied.
  cudaStream_t stream() const { return stream_; }
  // Begins to copy `size` bytes, which may go once this returns.
  void Copy(void* to, const void* from, int64_t size, Change change) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whatever is launched on `stream` later finds what was copied before.
  cudaError_t LetWait(cudaStream_t stream) const { return cudaStreamWaitEvent(stream, done_, 0); }

 private:
  struct Buffer {
    explicit Buffer(Device* device) : bytes(device) {}
    PinnedBytes bytes;
    int64_t used = 0;            // Of its front, since it was free.
    cudaEvent_t free = nullptr;  // When the device has read all of that.
  };

  explicit DeviceUploads(Device* device) : device_(device), buffers_{Buffer(device), Buffer(device)} {}
  absl::Status Begin();
  // Copies as much as the buffer has room for, which is something; that becomes `*copied`. A full one is
  // changed for the other one, once that is free.
  absl::Status CopyPart(unsigned char* to, const unsigned char* from, int64_t size, Change change,
                        int64_t* copied) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Device* const device_;
  Mutex mutex_;
  Buffer buffers_[2] ABSL_GUARDED_BY(mutex_);
  int filled_ ABSL_GUARDED_BY(mutex_) = 0;  // The buffer that is.
  cudaStream_t stream_ = nullptr;
  cudaEvent_t done_ = nullptr;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_UPLOADS_H_
