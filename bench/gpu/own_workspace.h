#ifndef ENGRAM_BENCH_GPU_OWN_WORKSPACE_H_
#define ENGRAM_BENCH_GPU_OWN_WORKSPACE_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/memory_pool.h"
#include "core/sweep/cuda/workspace.h"

namespace engram::bench {

// A workspace with a pool of its own, for kernels that are launched without a backend.
class OwnWorkspace {
 public:
  // None.
  OwnWorkspace() = default;
  OwnWorkspace(OwnWorkspace&&) = default;
  OwnWorkspace& operator=(OwnWorkspace&& other) noexcept {
    // What a workspace has goes back to its pool.
    workspace_ = std::move(other.workspace_);
    pool_ = std::move(other.pool_);
    return *this;
  }
  // Errors are those of Workspace::Make.
  static absl::StatusOr<OwnWorkspace> Make(Device* device) {
    OwnWorkspace made;
    ENGRAM_ASSIGN_OR_RETURN(made.pool_, MemoryPool::Make(device, 0));
    ENGRAM_ASSIGN_OR_RETURN(made.workspace_,
                            Workspace::Make(device, made.pool_.get(), Workspace::Kind::kScan, 1));
    return made;
  }

  Workspace* get() const { return workspace_.get(); }
  Workspace* operator->() const { return workspace_.get(); }

 private:
  std::unique_ptr<MemoryPool> pool_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_OWN_WORKSPACE_H_
