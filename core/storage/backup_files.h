#ifndef ENGRAM_CORE_STORAGE_BACKUP_FILES_H_
#define ENGRAM_CORE_STORAGE_BACKUP_FILES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "rocksdb/file_system.h"

namespace engram {

// The files of a backup directory, as RocksDB's backup engine must see them so that a power loss leaves each
// backup whole or not there: a backup is there when its file in `meta` is, and the engine syncs folders later
// than that file needs. Thread-safe, but for the two setters.
class BackupFiles : public rocksdb::FileSystemWrapper {
 public:
  // Told how many bytes of a file were read one after another; an error is that of the read.
  using ReadVisitor = std::function<rocksdb::IOStatus(int64_t bytes)>;

  BackupFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::string backup_dir);

  static const char* kClassName() { return "BackupFiles"; }
  const char* Name() const override { return kClassName(); }

  // Empty: nobody is told. REQUIRES, as for Keep: nobody uses the files now.
  void VisitReads(ReadVisitor visitor) { visitor_ = std::move(visitor); }
  // Deleting one of these files fails from now on.
  void Keep(std::set<std::string> paths) { kept_ = std::move(paths); }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override;
  // Before a backup's file comes into `meta`, what it names is durable.
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override;
  // When a backup's file has gone from `meta`, that is durable: what it named may go.
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;

 private:
  const std::string backup_dir_;
  ReadVisitor visitor_;
  std::set<std::string> kept_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BACKUP_FILES_H_
