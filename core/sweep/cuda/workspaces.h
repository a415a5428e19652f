#ifndef ENGRAM_CORE_SWEEP_CUDA_WORKSPACES_H_
#define ENGRAM_CORE_SWEEP_CUDA_WORKSPACES_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/sweep/cuda/resident_bank.h"

namespace engram {

// A workspace on each device that has a part of a bank; given back when this goes, after all that was
// launched with them.
class Workspaces {
 public:
  // The devices must outlive it. Errors are those of Workspace::Make.
  static absl::StatusOr<Workspaces> Take(const ResidentBank& bank, Workspace::Kind kind);
  ~Workspaces();
  Workspaces(Workspaces&&) = default;
  Workspaces& operator=(Workspaces&&) = delete;

  // That of the bank's part `p`.
  Workspace* operator[](size_t p) const { return taken_[p].workspace.get(); }

 private:
  struct Taken {
    Gpu* gpu;
    std::unique_ptr<Workspace> workspace;
  };

  Workspaces() = default;

  std::vector<Taken> taken_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_WORKSPACES_H_
