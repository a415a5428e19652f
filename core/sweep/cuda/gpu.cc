#include "core/sweep/cuda/gpu.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"

namespace engram {
namespace {

// Scans whose near misses are waited for may hold bounds; more are given back to the device.
constexpr size_t kMostFreeBounds = 4;

}  // namespace

absl::StatusOr<std::unique_ptr<Gpu>> Gpu::Open(int index, int64_t list_capacity) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Device> device, Device::Open(index));
  std::unique_ptr<Gpu> gpu(new Gpu(std::move(device), list_capacity));
  ENGRAM_ASSIGN_OR_RETURN(gpu->uploads_, DeviceUploads::Make(gpu->device()));
  return gpu;
}

absl::StatusOr<std::unique_ptr<Workspace>> Gpu::TakeWorkspace() {
  {
    MutexLock lock(&mutex_);
    if (!workspaces_.empty()) {
      std::unique_ptr<Workspace> workspace = std::move(workspaces_.back());
      workspaces_.pop_back();
      return workspace;
    }
  }
  return Workspace::Make(device_.get(), list_capacity_);
}

void Gpu::GiveBack(std::unique_ptr<Workspace> workspace) {
  // After an error, what was launched before it may still be at work on it.
  workspace->Wait().IgnoreError();
  MutexLock lock(&mutex_);
  workspaces_.push_back(std::move(workspace));
}

absl::StatusOr<Bytes> Gpu::TakeBounds(int64_t bytes) {
  {
    MutexLock lock(&mutex_);
    const auto it =
        std::find_if(bounds_.begin(), bounds_.end(), [&](const Bytes& free) { return free.size() >= bytes; });
    if (it != bounds_.end()) {
      Bytes taken = std::move(*it);
      bounds_.erase(it);
      return taken;
    }
  }
  Bytes made(device_.get(), Bytes::Place::kDevice);
  ENGRAM_RETURN_IF_ERROR(made.Grow(bytes));
  return made;
}

void Gpu::GiveBack(Bytes bounds) {
  MutexLock lock(&mutex_);
  // The oldest goes: it may be of a size that nobody asks for any more.
  if (bounds_.size() == kMostFreeBounds) bounds_.erase(bounds_.begin());
  bounds_.push_back(std::move(bounds));
}

}  // namespace engram
