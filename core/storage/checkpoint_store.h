#ifndef ENGRAM_CORE_STORAGE_CHECKPOINT_STORE_H_
#define ENGRAM_CORE_STORAGE_CHECKPOINT_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/storage/rocks_database.h"
#include "core/storage/snapshot_cache.h"
#include "core/storage/snapshot_record.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/snapshot_turn.h"

namespace engram {

// Snapshots in the data directory: folders of links to the database's own files, and of a copy of its log.
class CheckpointStore : public SnapshotStore {
 public:
  // Of `database`, which must outlive this and what it opens, as must `clock`.
  CheckpointStore(RocksDatabase* database, const Clock* clock);

  absl::StatusOr<SnapshotInfo> Create(const std::string& name, const ProgressVisitor& progress) override;
  absl::StatusOr<std::vector<SnapshotInfo>> List() const override;
  absl::StatusOr<SnapshotInfo> Get(const std::string& name) const override;
  absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(const std::string& name) override;
  absl::StatusOr<std::vector<std::string>> Verify(const std::string& name,
                                                  const ProgressVisitor& progress) override;
  absl::Status Delete(const std::string& name) override;

 private:
  std::string FolderOf(const std::string& name) const;
  DatabaseOptions OptionsOf(const std::string& name) const;
  bool Exists(const std::string& name) const;
  absl::StatusOr<std::unique_ptr<StoredSnapshot>> OpenNow(const std::string& name,
                                                          SnapshotTurn::Turn turn) const;
  // Makes a snapshot in the folder `temporary` and gives it its name.
  absl::StatusOr<SnapshotInfo> CreateIn(const std::string& temporary, const std::string& name,
                                        const ProgressVisitor& progress);
  // The banks that can be restored from a copy that was made there.
  // DATA_LOSS: a file of the database is damaged; the text names it.
  absl::StatusOr<std::vector<StoredBank>> ReadCopy(const std::string& temporary) const;
  SnapshotInfo Read(const std::string& name) const;

  RocksDatabase* const database_;
  const Clock* const clock_;
  SnapshotTurn turn_;            // Own synchronization.
  mutable SnapshotCache cache_;  // Own synchronization.
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_CHECKPOINT_STORE_H_
