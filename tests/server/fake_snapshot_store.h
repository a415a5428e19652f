#ifndef ENGRAM_TESTS_SERVER_FAKE_SNAPSHOT_STORE_H_
#define ENGRAM_TESTS_SERVER_FAKE_SNAPSHOT_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/stored_snapshot.h"

namespace engram {

// Snapshots without banks, in memory. What takes long is what a test says: `work` is called with the progress
// of Create and Verify, and its error is theirs.
class FakeSnapshotStore : public SnapshotStore {
 public:
  std::function<absl::Status(const ProgressVisitor&)> work = [](const ProgressVisitor&) {
    return absl::OkStatus();
  };
  std::vector<std::string> findings;

  absl::StatusOr<SnapshotInfo> Create(const std::string& name, const ProgressVisitor& progress) override {
    if (Get(name).ok()) return absl::AlreadyExistsError(name);
    if (const absl::Status status = work(progress); !status.ok()) return status;
    SnapshotInfo info;
    info.name = name;
    MutexLock lock(&mutex_);
    snapshots_[name] = info;
    return info;
  }
  absl::StatusOr<std::vector<SnapshotInfo>> List() const override {
    MutexLock lock(&mutex_);
    std::vector<SnapshotInfo> list;
    for (const auto& [name, info] : snapshots_) list.push_back(info);
    return list;
  }
  absl::StatusOr<SnapshotInfo> Get(const std::string& name) const override {
    MutexLock lock(&mutex_);
    const auto it = snapshots_.find(name);
    return it != snapshots_.end() ? absl::StatusOr<SnapshotInfo>(it->second) : absl::NotFoundError(name);
  }
  absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(const std::string& name) override {
    return absl::NotFoundError(name);
  }
  absl::StatusOr<std::vector<std::string>> Verify(const std::string& name,
                                                  const ProgressVisitor& progress) override {
    if (const absl::Status found = Get(name).status(); !found.ok()) return found;
    if (const absl::Status status = work(progress); !status.ok()) return status;
    return findings;
  }
  absl::Status Delete(const std::string& name) override {
    MutexLock lock(&mutex_);
    return snapshots_.erase(name) > 0 ? absl::OkStatus() : absl::NotFoundError(name);
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, SnapshotInfo> snapshots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_TESTS_SERVER_FAKE_SNAPSHOT_STORE_H_
