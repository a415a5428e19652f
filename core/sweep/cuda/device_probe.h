#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_PROBE_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_PROBE_H_

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/device.h"
#include "core/sweep/cuda/memory_pool.h"
#include "core/sweep/cuda/pinned_bytes.h"

namespace engram {

// Asks a device, time and again, for a number that it was just given, so that one that fails or hangs is lost
// even if nothing sweeps on it, or if what sweeps never ends.
//
// The number goes there and back on a stream of its own, of the highest priority, by the engines that copy:
// beside kernels, however long those take. And a pass over all that a device can hold takes a second at most.
class DeviceProbe {
 public:
  // `device` and `scratch` must outlive this.
  static absl::StatusOr<std::unique_ptr<DeviceProbe>> Make(Device* device, MemoryPool* scratch);
  ~DeviceProbe();
  DeviceProbe(const DeviceProbe&) = delete;
  DeviceProbe& operator=(const DeviceProbe&) = delete;

  // Takes the answer to the last question, if it has come, and asks the next; between them `when_it_works`
  // may call CUDA. A wrong answer or an error loses the device. Does not wait for an answer; but CUDA's calls
  // may do so for others that hang. By one thread at a time.
  void Ask(absl::FunctionRef<void()> when_it_works);

  // Loses the device once it has been silent for `timeout`: Ask did not find the answer, or did not return.
  // Only the time between calls of this counts. Calls nothing of CUDA. Thread-safe.
  void Judge(absl::Time now, absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit DeviceProbe(Device* device);
  absl::Status Begin(MemoryPool* scratch);
  absl::Status TryToAsk(absl::FunctionRef<void()> when_it_works);

  Device* const device_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t answered_ = nullptr;
  PinnedBytes question_;  // There
  DeviceBytes on_device_;
  PinnedBytes answer_;  // and back.
  uint32_t number_ = 0;
  bool is_under_way_ = false;
  std::atomic<bool> is_silent_ = false;  // Asked for an answer that has not come.
  std::atomic<int64_t> answers_ = 0;
  Mutex mutex_;
  absl::Time judged_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  int64_t judged_answers_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration silence_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_PROBE_H_
