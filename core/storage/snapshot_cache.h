#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_CACHE_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_CACHE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/base/mutex.h"
#include "core/storage/snapshot_store.h"

namespace engram {

// What was read of snapshots, whole or damaged: they do not change, and of one that is damaged every table
// must be read to say where. Thread-safe.
class SnapshotCache {
 public:
  // What is known of the snapshot `name`, or else what `read` says, of one snapshot at a time. That is
  // remembered, but not if the disk could not be read, nor if the name was forgotten meanwhile.
  SnapshotInfo Get(const std::string& name, const std::function<SnapshotInfo()>& read)
      ABSL_LOCKS_EXCLUDED(read_mutex_, mutex_);
  // To be called when a snapshot of that name was made or deleted, or may have come to harm.
  void Forget(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::optional<SnapshotInfo> Find(const std::string& name) const ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex read_mutex_;  // Held while a snapshot is read.
  mutable Mutex mutex_;
  std::map<std::string, SnapshotInfo> known_ ABSL_GUARDED_BY(mutex_);
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;  // How often something was.
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_CACHE_H_
