#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_TURN_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_TURN_H_

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"

namespace engram {

// Whose turn it is to work on the snapshots of a store: nobody waits. Thread-safe; turns may outlive it.
class SnapshotTurn {
 public:
  // Ends when the last copy goes.
  using Turn = std::shared_ptr<void>;

  // UNAVAILABLE (SNAPSHOTS_BUSY): it is somebody else's.
  absl::StatusOr<Turn> Take();
  bool is_taken() const { return *is_taken_; }

 private:
  const std::shared_ptr<std::atomic<bool>> is_taken_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_TURN_H_
