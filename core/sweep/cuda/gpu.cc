#include "core/sweep/cuda/gpu.h"

#include "core/base/status_macros.h"

namespace engram {

int Gpu::FirstWorkspaces(Workspace::Kind kind) {
  // Two scans at a time and a stream or dense scores beside them; looks by some threads of a pool.
  return kind == Workspace::Kind::kScan ? 3 : 4;
}

absl::StatusOr<std::unique_ptr<Gpu>> Gpu::Make(std::unique_ptr<Device> device, int64_t scratch_bytes,
                                               int64_t list_capacity) {
  std::unique_ptr<Gpu> gpu(new Gpu(std::move(device), list_capacity));
  ENGRAM_RETURN_IF_ERROR(gpu->Begin(scratch_bytes));
  return gpu;
}

absl::Status Gpu::Begin(int64_t scratch_bytes) {
  ENGRAM_ASSIGN_OR_RETURN(bank_memory_, MemoryPool::Make(device_.get(), /*kept_bytes=*/0));
  ENGRAM_ASSIGN_OR_RETURN(scratch_, MemoryPool::Make(device_.get(), scratch_bytes));
  ENGRAM_ASSIGN_OR_RETURN(uploads_, DeviceUploads::Make(device_.get()));
  ENGRAM_ASSIGN_OR_RETURN(probe_, DeviceProbe::Make(device_.get(), scratch_.get()));
  MutexLock lock(&mutex_);
  for (const Workspace::Kind kind : {Workspace::Kind::kScan, Workspace::Kind::kLook}) {
    for (int i = 0; i < FirstWorkspaces(kind); ++i) {
      ENGRAM_ASSIGN_OR_RETURN(workspaces_[static_cast<size_t>(kind)].emplace_back(),
                              Workspace::Make(device_.get(), scratch_.get(), kind, list_capacity_));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Workspace>> Gpu::TakeWorkspace(Workspace::Kind kind) {
  ENGRAM_RETURN_IF_ERROR(device_->CheckPresent());
  {
    MutexLock lock(&mutex_);
    auto& idle = workspaces_[static_cast<size_t>(kind)];
    if (!idle.empty()) {
      std::unique_ptr<Workspace> workspace = std::move(idle.back());
      idle.pop_back();
      return workspace;
    }
  }
  return Workspace::Make(device_.get(), scratch_.get(), kind, list_capacity_);
}

void Gpu::GiveBack(std::unique_ptr<Workspace> workspace) {
  // After an error, what was launched before it may still be at work on it; on a lost device, for ever.
  workspace->Wait().IgnoreError();
  if (device_->is_lost()) return;
  // Others may hold memory that goes back in the order of its stream.
  MutexLock lock(&mutex_);
  workspaces_[static_cast<size_t>(workspace->kind())].push_back(std::move(workspace));
}

}  // namespace engram
