#include "core/sweep/cuda/workspaces.h"

#include <utility>

#include "core/base/status_macros.h"

namespace engram {

absl::StatusOr<Workspaces> Workspaces::Take(const ResidentBank& bank, Workspace::Kind kind) {
  Workspaces workspaces;
  for (const ResidentTiles& part : bank.parts()) {
    ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace, part.gpu()->TakeWorkspace(kind));
    workspaces.taken_.push_back({part.gpu(), std::move(workspace)});
  }
  return workspaces;
}

Workspaces::~Workspaces() {
  for (Taken& taken : taken_) taken.gpu->GiveBack(std::move(taken.workspace));
}

}  // namespace engram
