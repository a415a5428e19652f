#include "core/storage/snapshot_turn.h"

#include "core/storage/snapshot_errors.h"

namespace engram {

absl::StatusOr<SnapshotTurn::Turn> SnapshotTurn::Take() {
  if (is_taken_->exchange(true)) return SnapshotsBusy();
  return Turn(nullptr, [is_taken = is_taken_](void*) { *is_taken = false; });
}

}  // namespace engram
