#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_H_

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"

namespace engram {

// One GPU and whether it is still there. Thread-safe.
class Device {
 public:
  // NOT_FOUND: there is no driver, no such device, or none that this build has kernels for; the text says
  // which. UNAVAILABLE: it does not work.
  static absl::StatusOr<std::unique_ptr<Device>> Open(int index);

  // Makes this the device of the calling thread.
  void Use() const;

  // OK, or what went wrong while `doing`. RESOURCE_EXHAUSTED: the device's memory is used up, and all else as
  // before. UNAVAILABLE: the device is lost, for good: CUDA's errors do not go away.
  absl::Status Check(cudaError_t error, absl::string_view doing);

  // Waits until all is done that was launched on `stream`, or what `event` stands for; as Check if that
  // fails. UNAVAILABLE as soon as the device is lost, though what was launched may go on, for ever if it
  // hangs: what it uses must be neither freed nor used again, and calls that free would wait for it. It is
  // left as it is; the process ends soon.
  absl::Status Wait(cudaStream_t stream, absl::string_view doing);
  absl::Status Wait(cudaEvent_t event, absl::string_view doing);

  // UNAVAILABLE: the device is lost.
  absl::Status CheckPresent() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The device holds what is wrong: it is lost, whatever CUDA says.
  void Lose(absl::string_view why) ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_lost() const { return is_lost_; }
  // What it was lost to; empty: it is not.
  std::string fault() const ABSL_LOCKS_EXCLUDED(mutex_);

  // As CUDA counts them.
  int index() const { return index_; }
  const std::string& name() const { return name_; }
  int multiprocessors() const { return multiprocessors_; }
  int64_t memory_bytes() const { return memory_bytes_; }
  // What nobody had taken when it was opened.
  int64_t free_bytes() const { return free_bytes_; }

 private:
  explicit Device(int index) : index_(index) {}
  // Asks `query` until it says something else than that it is not ready.
  absl::Status WaitUntilReady(absl::FunctionRef<cudaError_t()> query, absl::string_view doing);

  const int index_;
  std::string name_;
  int multiprocessors_ = 0;
  int64_t memory_bytes_ = 0;
  int64_t free_bytes_ = 0;
  std::atomic<bool> is_lost_ = false;
  mutable Mutex mutex_;
  std::string fault_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_H_
