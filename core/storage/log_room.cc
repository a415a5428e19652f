#include "core/storage/log_room.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "rocksdb/file_system.h"

namespace engram {
namespace {

class RoomyLog : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  explicit RoomyLog(std::unique_ptr<rocksdb::FSWritableFile> log)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(log)) {}

  // RocksDB says once, before anything else, how large the blocks are.
  void SetPreallocationBlockSize(size_t bytes) override {
    target()->SetPreallocationBlockSize(bytes);
    target()->PrepareWrite(/*offset=*/0, /*len=*/1, {}, nullptr);
  }
};

class LogRoomFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit LogRoomFileSystem(const std::shared_ptr<rocksdb::FileSystem>& files)
      : rocksdb::FileSystemWrapper(files) {}

  static const char* kClassName() { return "LogRoomFileSystem"; }
  const char* Name() const override { return kClassName(); }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus made = target()->NewWritableFile(path, options, file, context);
    if (made.ok() && absl::EndsWith(path, ".log")) *file = std::make_unique<RoomyLog>(std::move(*file));
    return made;
  }
};

class LogRoomEnv : public rocksdb::EnvWrapper {
 public:
  explicit LogRoomEnv(rocksdb::Env* env) : rocksdb::EnvWrapper(env) {
    file_system_ = std::make_shared<LogRoomFileSystem>(env->GetFileSystem());
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeLogRoomEnv(rocksdb::Env* env) { return std::make_unique<LogRoomEnv>(env); }

}  // namespace engram
