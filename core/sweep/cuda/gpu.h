#ifndef ENGRAM_CORE_SWEEP_CUDA_GPU_H_
#define ENGRAM_CORE_SWEEP_CUDA_GPU_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/counter.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/device.h"
#include "core/sweep/cuda/device_memory.h"
#include "core/sweep/cuda/device_uploads.h"
#include "core/sweep/cuda/visible_tiles.h"
#include "core/sweep/cuda/workspace.h"

namespace engram {

// A device and what sweeps on it share. Thread-safe. Must outlive all that is made with it.
class Gpu {
 public:
  // As Device::Open; `list_capacity` is that of workspaces.
  static absl::StatusOr<std::unique_ptr<Gpu>> Open(int index, int64_t list_capacity);

  Device* device() { return device_.get(); }
  DeviceUploads* uploads() { return uploads_.get(); }
  VisibleTilesCache* visible_tiles() { return &visible_tiles_; }

  // What it has done; see DeviceStatus.
  struct Counts {
    Counter sweeps;
    Counter states;
    Counter scanned_bytes;
    Counter survivors;
  };
  Counts& counts() { return counts_; }

  // A workspace that nobody uses; to be given back.
  absl::StatusOr<std::unique_ptr<Workspace>> TakeWorkspace() ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(std::unique_ptr<Workspace> workspace) ABSL_LOCKS_EXCLUDED(mutex_);

  // At least so many bytes of the device, for the bounds of a scan; to be given back.
  absl::StatusOr<Bytes> TakeBounds(int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(Bytes bounds) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Gpu(std::unique_ptr<Device> device, int64_t list_capacity)
      : list_capacity_(list_capacity), device_(std::move(device)), visible_tiles_(device_.get()) {}

  const int64_t list_capacity_;
  const std::unique_ptr<Device> device_;
  std::unique_ptr<DeviceUploads> uploads_;
  VisibleTilesCache visible_tiles_;
  Counts counts_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> workspaces_ ABSL_GUARDED_BY(mutex_);
  std::vector<Bytes> bounds_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_GPU_H_
