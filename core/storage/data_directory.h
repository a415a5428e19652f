#ifndef ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_
#define ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/storage_log.h"
#include "rocksdb/file_system.h"

namespace engram {

// Files that bulk changes are written to before they become part of the database; what a crash leaves there
// belongs to nothing.
std::string IngestFolder(const std::string& data_dir);

struct Unlock {
  rocksdb::FileSystem* files = nullptr;
  void operator()(rocksdb::FileLock* lock) const;
};
// Of a directory, by which other processes know that it is in use. The file system outlives it.
using DirectoryLock = std::unique_ptr<rocksdb::FileLock, Unlock>;

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

// Removes what a crash left in the ingest folder. REQUIRES: this process has the directory's lock.
absl::Status RemoveLeftovers(rocksdb::FileSystem* files, const std::string& data_dir, const StorageLog& log);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DATA_DIRECTORY_H_
