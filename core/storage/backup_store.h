#ifndef ENGRAM_CORE_STORAGE_BACKUP_STORE_H_
#define ENGRAM_CORE_STORAGE_BACKUP_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/backup_engine.h"
#include "core/storage/owned_directory.h"
#include "core/storage/rocks_database.h"
#include "core/storage/snapshot_cache.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/snapshot_turn.h"

namespace engram {

// Snapshots in a backup directory, as files of their own with checksums; those that an earlier one has are
// not copied again. Writers of the database wait for none of that: what is copied are links to its files.
class BackupStore : public SnapshotStore {
 public:
  // Of `database`, in `backup_dir`. Both, and `clock`, must outlive this and what it opens.
  // FAILED_PRECONDITION: the directory cannot be used; the text says what to do.
  static absl::StatusOr<std::unique_ptr<BackupStore>> Open(RocksDatabase* database, std::string backup_dir,
                                                           const Clock* clock);

  // `progress` is called from another thread.
  absl::StatusOr<SnapshotInfo> Create(const std::string& name, const ProgressVisitor& progress) override;
  absl::StatusOr<std::vector<SnapshotInfo>> List() const override;
  absl::StatusOr<SnapshotInfo> Get(const std::string& name) const override;
  absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(const std::string& name) override;
  absl::StatusOr<std::vector<std::string>> Verify(const std::string& name,
                                                  const ProgressVisitor& progress) override;
  absl::Status Delete(const std::string& name) override;

 private:
  BackupStore(RocksDatabase* database, std::string backup_dir, const Clock* clock, DirectoryLock lock);

  absl::StatusOr<std::unique_ptr<BackupEngine>> OpenEngine(BackupEngine::Access access) const;
  // For those who have no turn: the backups as they are now, or, while somebody is at work on them, as they
  // were before.
  absl::StatusOr<std::vector<Backup>> Backups() const ABSL_LOCKS_EXCLUDED(refresh_mutex_, mutex_);
  absl::Status Refresh() const ABSL_LOCKS_EXCLUDED(refresh_mutex_, mutex_);
  // For who has the turn and has changed the backups.
  void HaveChanged(const std::string& name, const BackupEngine& engine)
      ABSL_LOCKS_EXCLUDED(refresh_mutex_, mutex_);
  SnapshotInfo InfoOf(const Backup& backup) const;
  DatabaseOptions OptionsOf(const Backup& backup) const;
  // Copies the database into the folder `temporary`, of links, and backs that up.
  absl::Status CreateFrom(const std::string& temporary, const std::string& name,
                          const ProgressVisitor& progress) const;
  // Says whether something can be restored from a backup that was made; if not, removes it.
  absl::StatusOr<SnapshotInfo> CheckCreated(const std::string& name);
  absl::StatusOr<std::unique_ptr<StoredSnapshot>> OpenNow(const BackupEngine& engine, const Backup& backup,
                                                          SnapshotTurn::Turn turn) const;
  // RESOURCE_EXHAUSTED: too little would stay free if more were copied.
  absl::Status CheckSpace() const;

  RocksDatabase* const database_;
  const std::string backup_dir_;
  const int64_t min_free_bytes_;  // On the volume of the backups.
  const Clock* const clock_;
  const DirectoryLock lock_;
  SnapshotTurn turn_;  // Own synchronization.

  mutable SnapshotCache cache_;  // Own synchronization.

  mutable Mutex refresh_mutex_;  // Held from looking at the backups until they are in `backups_`.
  mutable Mutex mutex_;
  mutable std::vector<Backup> backups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BACKUP_STORE_H_
