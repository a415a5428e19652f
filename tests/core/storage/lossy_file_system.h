#ifndef ENGRAM_TESTS_CORE_STORAGE_LOSSY_FILE_SYSTEM_H_
#define ENGRAM_TESTS_CORE_STORAGE_LOSSY_FILE_SYSTEM_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace engram {

// A disk in memory that loses what a disk may lose. At a power loss it forgets bytes that were not synced,
// but for a random beginning of them, and entries of directories (creations, renames, links, deletions) that
// were not synced, but for a random beginning of those. It also fails on demand. Thread-safe.
//
// Paths are absolute, "/data/CURRENT"; "/" exists.
class LossyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit LossyFileSystem(uint64_t seed);

  static const char* kClassName() { return "LossyFileSystem"; }
  const char* Name() const override { return kClassName(); }

  // After `operations` more writes, syncs and changes of directories nothing is written any more: all fail.
  void CutPowerAfter(int64_t operations);
  bool HasPower() const;
  // Comes back after a power loss with what was durable. `tears`: any sectors that were
  // not synced may read as zeros, with others behind them there. REQUIRES: nobody has a file open for
  // writing.
  void Restart(bool tears);

  // Every write fails with an I/O error, or every sync, until it is set back.
  void FailWrites(bool fails) { fails_writes_ = fails; }
  // What a sync takes, as on a disk.
  void SetSyncTime(absl::Duration time) { sync_nanos_ = absl::ToInt64Nanoseconds(time); }
  // What the files may hold together; more gives NoSpace.
  void SetCapacity(int64_t bytes);
  // Files may be promised bytes before they have them, which count as used.
  void AllocateFiles() { allocates_ = true; }
  // Neither writes nor changes of directories, with an I/O error that says so.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }

  std::vector<std::string> Files(const std::string& folder) const;
  int64_t FileSize(const std::string& path) const;
  void FlipBit(const std::string& path, int64_t bit);
  // The sector of that byte reads as zeros. False: it does already.
  bool ZeroSector(const std::string& path, int64_t byte);
  void Remove(const std::string& path);
  void Put(const std::string& path, const std::string& contents);
  // A copy of all files as they are, without their history: what a disk taken out now would show.
  std::shared_ptr<LossyFileSystem> Clone(uint64_t seed) const;
  int64_t used_bytes() const;

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext*) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext*) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext*) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext*) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext*) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions&,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext*) override;
  rocksdb::IOStatus FileExists(const std::string& path, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetChildren(const std::string& path, const rocksdb::IOOptions&,
                                std::vector<std::string>* names, rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetChildrenFileAttributes(const std::string& path, const rocksdb::IOOptions&,
                                              std::vector<rocksdb::Env::FileAttributes>* attributes,
                                              rocksdb::IODebugContext*) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override;
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions&,
                                       rocksdb::IODebugContext*) override;
  rocksdb::IOStatus DeleteDir(const std::string& path, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions&, uint64_t* size,
                                rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetFileModificationTime(const std::string& path, const rocksdb::IOOptions&,
                                            uint64_t* time, rocksdb::IODebugContext*) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override;
  rocksdb::IOStatus NumFileLinks(const std::string& path, const rocksdb::IOOptions&, uint64_t* count,
                                 rocksdb::IODebugContext*) override;
  rocksdb::IOStatus AreFilesSame(const std::string& first, const std::string& second,
                                 const rocksdb::IOOptions&, bool* same, rocksdb::IODebugContext*) override;
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions&, rocksdb::FileLock** lock,
                             rocksdb::IODebugContext*) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetAbsolutePath(const std::string& path, const rocksdb::IOOptions&, std::string* absolute,
                                    rocksdb::IODebugContext*) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions&, uint64_t* free_bytes,
                                 rocksdb::IODebugContext*) override;
  rocksdb::IOStatus IsDirectory(const std::string& path, const rocksdb::IOOptions&, bool* is_directory,
                                rocksdb::IODebugContext*) override;

  // The contents of a file, whatever it is called.
  struct Inode {
    std::string bytes;
    size_t synced = 0;
    size_t allocated = 0;  // As long as it is open for writing.
  };
  // Of one open file or directory; for its use by them.
  rocksdb::IOStatus Append(Inode* inode, const rocksdb::Slice& data);
  rocksdb::IOStatus Cut(Inode* inode, size_t size);
  rocksdb::IOStatus Allocate(Inode* inode, size_t size);
  void Close(Inode* inode);
  rocksdb::IOStatus Sync(Inode* inode);
  rocksdb::IOStatus SyncFolder(const std::string& path);
  rocksdb::IOStatus Read(const Inode& inode, uint64_t offset, size_t count, rocksdb::Slice* result,
                         char* scratch) const;

 private:
  using InodePtr = std::shared_ptr<Inode>;
  using Entries = std::map<std::string, InodePtr>;  // By the whole path; nullptr: a folder.
  // One change of a folder: names that get a new meaning, or none.
  struct Change {
    std::string folder;
    std::vector<std::pair<std::string, std::optional<InodePtr>>> entries;
  };

  static std::string FolderOf(const std::string& path);
  static std::string Clean(const std::string& path);
  static void Apply(const Change& change, Entries* entries);
  // Counts an operation that writes; an error if it must fail.
  rocksdb::IOStatus Admit();
  rocksdb::IOStatus DoChange(Change change);
  const InodePtr* Find(const std::string& path) const;
  int64_t Used() const;
  // Loses some of the sectors that were not synced.
  void Tear(Inode* inode);

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Entries live_;
  Entries durable_;
  std::vector<Change> unsynced_;  // In their order.
  std::set<std::string> locks_;
  int64_t operations_left_ = INT64_MAX;
  int64_t capacity_ = INT64_MAX;
  std::atomic<bool> allocates_ = false;
  std::atomic<bool> fails_writes_ = false;
  std::atomic<bool> read_only_ = false;
  std::atomic<int64_t> sync_nanos_ = 0;
};

// An environment with these files, in which nothing sleeps long: RocksDB waits a second after each error.
std::shared_ptr<rocksdb::Env> MakeEnv(const std::shared_ptr<LossyFileSystem>& files);

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_LOSSY_FILE_SYSTEM_H_
