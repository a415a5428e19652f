#ifndef ENGRAM_CORE_STORAGE_ROCKS_DATABASE_H_
#define ENGRAM_CORE_STORAGE_ROCKS_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/log_check.h"
#include "core/storage/storage_log.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace engram {

class DatabaseHealth;

// Where a database is and how it is used.
struct DatabaseOptions {
  std::string data_dir;
  StorageLog log;
  // nullptr: the machine's.
  std::shared_ptr<rocksdb::Env> env;
  // Of the volume; unset: see free_space.h.
  std::optional<int64_t> min_free_bytes;
};

// The environment that they name.
rocksdb::Env* EnvOf(const DatabaseOptions& options);

// The database of a data directory with its two column families, open for writing or for reading only. It
// knows nothing of banks. Thread-safe.
class RocksDatabase {
 public:
  enum class Access { kWrite, kRead };

  // Opens a database whose directory was prepared. kWrite makes one if there is none.
  // DATA_LOSS: it is damaged; the text names the file. UNAVAILABLE, RESOURCE_EXHAUSTED: see rocks_status.h.
  static absl::StatusOr<std::unique_ptr<RocksDatabase>> Open(DatabaseOptions options, Access access);
  ~RocksDatabase();
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  // The names of the families that the database has, without opening it.
  static absl::StatusOr<std::vector<std::string>> ListFamilies(const DatabaseOptions& options);

  // To be called before each write, of about `bytes`: tries to get over an error no more often than once a
  // second, and looks whether there is room. Writes that make room need less of it.
  // RESOURCE_EXHAUSTED: there is not.
  absl::Status PrepareWrite(int64_t bytes, bool makes_room, absl::Time now);
  // All of the batch or nothing; with `sync`, durably. See ToWriteStatus.
  absl::Status Write(rocksdb::WriteBatch* batch, bool sync, absl::string_view what);
  // Makes durable what was written before.
  absl::Status Sync(absl::string_view what);

  // Makes table files part of the database, all in one step; see ToWriteStatus.
  absl::Status Ingest(const std::vector<rocksdb::IngestExternalFileArg>& tables, absl::string_view what)
      ABSL_LOCKS_EXCLUDED(copy_mutex_, ingest_mutex_);
  // Makes the folder `folder`, which must not be there, a copy of the database, of links where the volume
  // can: all of each write that came before, all or nothing of any other. What CheckCopiedLogs checks holds.
  // The name of the folder is not yet durable. After an error there is no folder, unless the disk fails.
  absl::Status Copy(const std::string& folder, absl::Time now)
      ABSL_LOCKS_EXCLUDED(copy_mutex_, ingest_mutex_);

  // False: writes fail since an error of the disk, until it is got over.
  bool healthy() const;
  // Gives space back of keys of `patterns` from `begin` to before `end`, which nobody reads any more: the
  // first drops files that hold nothing else, the second asks for compactions where they were deleted.
  // Failing is no harm but a line in the log.
  void DropFiles(const std::string& begin, const std::string& end);
  void SuggestCompaction(const std::string& begin, const std::string& end);
  // Rows of `patterns` were found damaged: leaves its files alone from now on. A compaction that met the
  // damage would stop the writes of all banks.
  void KeepFilesAsTheyAre();
  // Lets compactions begin, of `patterns` unless its files are to be left alone.
  void StartCompactions();

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* banks() const { return families_[1]; }
  rocksdb::ColumnFamilyHandle* patterns() const { return families_[2]; }
  rocksdb::Options patterns_options() const;
  rocksdb::Options banks_options() const;
  const DatabaseOptions& options() const { return options_; }
  rocksdb::FileSystem* files() const;
  // Its table files, those of both families, and their bytes.
  std::vector<rocksdb::LiveFileMetaData> tables() const;
  int64_t table_bytes() const;

 private:
  explicit RocksDatabase(DatabaseOptions options);

  absl::Status OpenDb(Access access);
  // What a compaction needs besides what is kept free, if only so much is free: without it replaced patterns
  // would stay, and with them the disk full.
  int64_t CompactionBytes(uint64_t free_bytes) const;
  void TryResume(absl::Time now);
  void Resume();
  // See log_room.h.
  bool BuffersAreEmpty() const;
  // Begins to write out what the logs hold, and to compact what was replaced, no more often than once a
  // second: a log goes when all of it is in tables, and what one family wrote to it long ago may hold back
  // many.
  void MakeRoom(absl::Time now);
  // Says in the log how far it was synced: see log_check.h. To be synced by whoever comes next; it need not
  // survive a power loss. Not after each sync while other writers are at work.
  void Seal(bool is_quiet);
  void HaveSynced(Synced synced);

  const DatabaseOptions options_;
  const int64_t write_buffer_bytes_;
  const int64_t min_free_bytes_;
  const std::shared_ptr<DatabaseHealth> health_;  // Own synchronization.
  const std::unique_ptr<rocksdb::Env> env_;       // db_'s.
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // Default, banks, patterns: the database's.
  std::string identity_;
  std::atomic<int> writers_ = 0;  // At work; the last to leave seals.

  Mutex seal_mutex_;
  Synced synced_ ABSL_GUARDED_BY(seal_mutex_);
  uint64_t sealed_through_ ABSL_GUARDED_BY(seal_mutex_) = 0;

  Mutex copy_mutex_;          // Held by a copy: the next one prefers those that share, who would never end.
  SharedMutex ingest_mutex_;  // Shared while tables are ingested, held while the files are listed for a copy.

  Mutex compactions_mutex_;  // While they are turned on or off.
  bool compacts_ ABSL_GUARDED_BY(compactions_mutex_) = false;
  bool keeps_files_ ABSL_GUARDED_BY(compactions_mutex_) = false;

  std::atomic<bool> is_resuming_ = false;

  Mutex mutex_;
  absl::Time next_resume_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time next_room_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_ROCKS_DATABASE_H_
