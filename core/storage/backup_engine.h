#ifndef ENGRAM_CORE_STORAGE_BACKUP_ENGINE_H_
#define ENGRAM_CORE_STORAGE_BACKUP_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/backup_files.h"
#include "core/storage/rocks_database.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/storage_log.h"
#include "rocksdb/env.h"
#include "rocksdb/utilities/backup_engine.h"

namespace engram {

// A backup as the engine knows it.
struct Backup {
  rocksdb::BackupID id = 0;
  SnapshotInfo info;  // Without banks. status: why the engine gives it up.
  // Where it is opened for reading, if it can be.
  std::string folder;
  std::shared_ptr<rocksdb::Env> env;
};

// RocksDB's backup engine on a backup directory. It knows what there was when it was opened, so that each
// call opens one of its own; stopped, it is of no use any more. Errors: see ToWriteStatus and ToReadStatus.
class BackupEngine {
 public:
  enum class Access { kWrite, kRead };
  // How much is copied between two calls of a ProgressVisitor.
  static constexpr int64_t kProgressBytes = int64_t{4} << 20;

  // `env` outlives it.
  static absl::StatusOr<std::unique_ptr<BackupEngine>> Open(rocksdb::Env* env, const std::string& backup_dir,
                                                            const StorageLog& log, Access access);

  // All of them, ascending by id, damaged ones too.
  std::vector<Backup> List() const;

  // Backs up `database`, which nobody writes to. What fails leaves nothing, and the files of damaged backups
  // as they were. DATA_LOSS: it is damaged. REQUIRES: kWrite.
  absl::Status Create(const RocksDatabase& database, const std::string& name, absl::Time create_time,
                      const ProgressVisitor& progress);
  // Durably. Files that only damaged backups need may go too. REQUIRES: kWrite.
  absl::Status Delete(rocksdb::BackupID id);
  // Removes what a crash has left, unless there are damaged backups, whose files might go too. REQUIRES:
  // kWrite.
  absl::Status RemoveLeftovers();
  // Of files that belong to a backup. DATA_LOSS: one is missing or has another size; the text names it.
  absl::Status CheckSizes(rocksdb::BackupID id) const;
  // Reads them all and tells `visitor` every few MiB how many bytes it has read; an error of it is the
  // result. DATA_LOSS: as CheckSizes, or one has other bytes. REQUIRES: nobody reads a backup now.
  absl::Status CheckBytes(rocksdb::BackupID id,
                          const std::function<absl::Status(int64_t done_bytes)>& visitor) const;

 private:
  BackupEngine(rocksdb::Env* env, std::string backup_dir, const StorageLog& log);

  std::string What(rocksdb::BackupID id) const;
  std::string MetaFile(rocksdb::BackupID id) const;
  Backup DamagedBackup(rocksdb::BackupID id) const;
  std::vector<rocksdb::BackupID> DamagedIds() const;
  // What there is now, if there are damaged backups.
  std::set<std::string> FilesOfDamaged() const;
  rocksdb::BackupEngineReadOnlyBase& reader() const;

  const std::string backup_dir_;
  const std::shared_ptr<BackupFiles> files_;
  const std::shared_ptr<rocksdb::Env> env_;  // With these files.
  const std::unique_ptr<rocksdb::Logger> logger_;
  // One of them.
  std::unique_ptr<rocksdb::BackupEngine> writer_;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> reader_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BACKUP_ENGINE_H_
