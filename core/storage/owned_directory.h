#ifndef ENGRAM_CORE_STORAGE_OWNED_DIRECTORY_H_
#define ENGRAM_CORE_STORAGE_OWNED_DIRECTORY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rocksdb/file_system.h"

namespace engram {

// A directory that an operator names and that belongs to one process at a time.
struct OwnedDirectory {
  const char* noun;  // "data directory"
  const char* flag;  // "--data-dir"
  std::string path;
};

struct Unlock {
  rocksdb::FileSystem* files = nullptr;
  void operator()(rocksdb::FileLock* lock) const;
};
// Of a directory, by which other processes know that it is in use. The file system outlives it.
using DirectoryLock = std::unique_ptr<rocksdb::FileLock, Unlock>;

// FAILED_PRECONDITION: "data directory PATH WHY".
absl::Status Refused(const OwnedDirectory& directory, absl::string_view why);

// Makes it if there is none, durably. FAILED_PRECONDITION: it cannot be made, or is no directory; the text
// says what to do.
absl::Status MakeDirectory(rocksdb::FileSystem* files, const OwnedDirectory& directory);

// FAILED_PRECONDITION: it is in use or cannot be written; the text says what to do.
absl::StatusOr<DirectoryLock> LockDirectory(rocksdb::FileSystem* files, const OwnedDirectory& directory);

// The names in it. FAILED_PRECONDITION: it cannot be read.
absl::StatusOr<std::vector<std::string>> ListDirectory(rocksdb::FileSystem* files,
                                                       const OwnedDirectory& directory);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_OWNED_DIRECTORY_H_
