#ifndef ENGRAM_CORE_SWEEP_CUDA_GPU_H_
#define ENGRAM_CORE_SWEEP_CUDA_GPU_H_

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/counter.h"
#include "core/base/mutex.h"
#include "core/sweep/cuda/device.h"
#include "core/sweep/cuda/device_probe.h"
#include "core/sweep/cuda/device_uploads.h"
#include "core/sweep/cuda/memory_pool.h"
#include "core/sweep/cuda/visible_tiles.h"
#include "core/sweep/cuda/workspace.h"

namespace engram {

// A device and what sweeps on it share. Thread-safe. Must outlive all that is made with it.
class Gpu {
 public:
  // Takes `scratch_bytes` of the device at once for what sweeps work with; `list_capacity` is that of
  // workspaces. RESOURCE_EXHAUSTED: there is not so much. UNAVAILABLE: the device is lost.
  static absl::StatusOr<std::unique_ptr<Gpu>> Make(std::unique_ptr<Device> device, int64_t scratch_bytes,
                                                   int64_t list_capacity);

  Device* device() { return device_.get(); }
  // Memory for segments.
  absl::StatusOr<DeviceBytes> TakeForBank(int64_t bytes) {
    return bank_memory_->Take(bytes, uploads_->stream());
  }
  DeviceUploads* uploads() { return uploads_.get(); }
  DeviceProbe* probe() { return probe_.get(); }
  // Asks whether the device works, as DeviceProbe::Ask; one that does gets the memory that banks gave back.
  void Probe() {
    probe_->Ask([this] { bank_memory_->Trim(uploads_->stream()); });
  }
  VisibleTilesCache* visible_tiles() { return &visible_tiles_; }

  // What it has done; see DeviceStatus.
  struct Counts {
    Counter sweeps;
    Counter states;
    Counter scanned_bytes;
    Counter survivors;
  };
  Counts& counts() { return counts_; }

  // How many workspaces there are before the first sweep, which need not wait for them then.
  static int FirstWorkspaces(Workspace::Kind kind);
  // A workspace that nobody uses; to be given back.
  absl::StatusOr<std::unique_ptr<Workspace>> TakeWorkspace(Workspace::Kind kind) ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(std::unique_ptr<Workspace> workspace) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Gpu(std::unique_ptr<Device> device, int64_t list_capacity)
      : list_capacity_(list_capacity), device_(std::move(device)) {}
  absl::Status Begin(int64_t scratch_bytes);

  const int64_t list_capacity_;
  const std::unique_ptr<Device> device_;
  // Memory goes back to the pools before they go, in the order of streams that go after it.
  std::unique_ptr<MemoryPool> bank_memory_;
  std::unique_ptr<MemoryPool> scratch_;
  std::unique_ptr<DeviceUploads> uploads_;
  std::unique_ptr<DeviceProbe> probe_;
  Counts counts_;
  Mutex mutex_;
  // Of each kind.
  std::array<std::vector<std::unique_ptr<Workspace>>, Workspace::kKinds> workspaces_ ABSL_GUARDED_BY(mutex_);
  VisibleTilesCache visible_tiles_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_GPU_H_
