#include "core/storage/snapshot_cache.h"

namespace engram {

std::optional<SnapshotInfo> SnapshotCache::Find(const std::string& name) const {
  MutexLock lock(&mutex_);
  const auto it = known_.find(name);
  return it == known_.end() ? std::nullopt : std::optional<SnapshotInfo>(it->second);
}

SnapshotInfo SnapshotCache::Get(const std::string& name, const std::function<SnapshotInfo()>& read) {
  if (std::optional<SnapshotInfo> known = Find(name)) return *std::move(known);
  MutexLock read_lock(&read_mutex_);
  if (std::optional<SnapshotInfo> known = Find(name)) return *std::move(known);
  int64_t forgotten = 0;
  {
    MutexLock lock(&mutex_);
    forgotten = forgotten_;
  }
  SnapshotInfo info = read();
  const bool may_change = absl::IsUnavailable(info.status) || absl::IsNotFound(info.status);
  MutexLock lock(&mutex_);
  if (!may_change && forgotten == forgotten_) known_[name] = info;
  return info;
}

void SnapshotCache::Forget(const std::string& name) {
  MutexLock lock(&mutex_);
  known_.erase(name);
  ++forgotten_;
}

}  // namespace engram
