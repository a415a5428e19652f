#ifndef ENGRAM_CORE_STORAGE_BACKUP_DIRECTORY_H_
#define ENGRAM_CORE_STORAGE_BACKUP_DIRECTORY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/owned_directory.h"
#include "core/storage/storage_log.h"
#include "rocksdb/file_system.h"

namespace engram {

// Makes the directory `backup_dir` of the backups of `data_dir` if there is none, durably, and checks that it
// can be used: that it lies outside the data directory, can be written, belongs to no other process, and is
// empty or Engram's. Warns of files that are not ours.
//
// FAILED_PRECONDITION: it cannot be used; the text says what to do, and nothing has changed.
absl::StatusOr<DirectoryLock> PrepareBackupDirectory(rocksdb::FileSystem* files,
                                                     const std::string& backup_dir,
                                                     const std::string& data_dir, const StorageLog& log);

// Looks whether that directory is still there: without its disk another one shows in its place, or nothing.
// UNAVAILABLE (STORAGE_UNAVAILABLE): it is not.
absl::Status FindBackupDirectory(rocksdb::FileSystem* files, const std::string& backup_dir);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BACKUP_DIRECTORY_H_
