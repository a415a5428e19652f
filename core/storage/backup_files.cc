#include "core/storage/backup_files.h"

#include <utility>

#include "core/storage/folder.h"

namespace engram {
namespace {

class VisitedFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  VisitedFile(std::unique_ptr<rocksdb::FSSequentialFile> file, BackupFiles::ReadVisitor visitor)
      : FSSequentialFileOwnerWrapper(std::move(file)), visitor_(std::move(visitor)) {}

  rocksdb::IOStatus Read(size_t count, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus read =
        FSSequentialFileOwnerWrapper::Read(count, options, result, scratch, context);
    return read.ok() ? visitor_(static_cast<int64_t>(result->size())) : read;
  }

 private:
  const BackupFiles::ReadVisitor visitor_;
};

std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

BackupFiles::BackupFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::string backup_dir)
    : FileSystemWrapper(files), backup_dir_(std::move(backup_dir)) {}

rocksdb::IOStatus BackupFiles::NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                                 std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                                 rocksdb::IODebugContext* context) {
  const rocksdb::IOStatus opened = FileSystemWrapper::NewSequentialFile(path, options, file, context);
  if (opened.ok() && visitor_) *file = std::make_unique<VisitedFile>(std::move(*file), visitor_);
  return opened;
}

rocksdb::IOStatus BackupFiles::RenameFile(const std::string& from, const std::string& to,
                                          const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* context) {
  rocksdb::IOStatus status;
  if (ParentFolder(to) == backup_dir_ + "/meta") {
    const std::string own = backup_dir_ + "/private/" + NameOf(to);
    for (const std::string& folder : {backup_dir_ + "/shared_checksum", own, backup_dir_ + "/private"}) {
      if (status.ok()) status = SyncFolder(target(), folder);
    }
  }
  return status.ok() ? FileSystemWrapper::RenameFile(from, to, options, context) : status;
}

rocksdb::IOStatus BackupFiles::DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* context) {
  if (kept_.count(path) > 0) return rocksdb::IOStatus::Busy(path, "is kept");
  const rocksdb::IOStatus deleted = FileSystemWrapper::DeleteFile(path, options, context);
  if (!deleted.ok() || ParentFolder(path) != backup_dir_ + "/meta") return deleted;
  return SyncFolder(target(), ParentFolder(path));
}

}  // namespace engram
