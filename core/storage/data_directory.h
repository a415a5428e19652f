#ifndef ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_
#define ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/owned_directory.h"
#include "core/storage/storage_log.h"
#include "rocksdb/file_system.h"

namespace engram {

// Files that bulk changes are written to before they become part of the database; what a crash leaves there
// belongs to nothing.
std::string IngestFolder(const std::string& data_dir);

// Where copies of the banks are kept, each in a folder of its name (checkpoint_store.h).
std::string SnapshotsFolder(const std::string& data_dir);
// In such a folder: see snapshot_record.h.
constexpr char kSnapshotRecordName[] = "SNAPSHOT";

// A directory that can be used.
struct DataDirectory {
  bool has_database = false;
  DirectoryLock lock;
};

// Makes `data_dir` if there is none, durably, and checks that it can be used: that it is a directory, can
// be written, belongs to no other process and is not what is left of a deleted database. Warns of files
// that are not ours.
//
// FAILED_PRECONDITION: it cannot be used; the text says what to do. DATA_LOSS: files are missing.
absl::StatusOr<DataDirectory> PrepareDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                   const StorageLog& log);

// The same for a reader that must find a database and changes nothing.
absl::StatusOr<DirectoryLock> CheckDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                 const StorageLog& log);

// Removes what a crash left: files in the ingest folder, snapshots half made or half removed. REQUIRES: this
// process has the directory's lock.
//
// FAILED_PRECONDITION: one in the ingest folder cannot be removed. Of the others that is no harm but a line
// in the log.
absl::Status RemoveLeftovers(rocksdb::FileSystem* files, const std::string& data_dir, const StorageLog& log);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_
