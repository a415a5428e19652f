#include "tests/core/storage/lossy_file_system.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "rocksdb/system_clock.h"

namespace engram {
namespace {

using rocksdb::IOStatus;
using rocksdb::Slice;

class SequentialFile : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(const LossyFileSystem* files, std::shared_ptr<LossyFileSystem::Inode> inode)
      : files_(files), inode_(std::move(inode)) {}
  IOStatus Read(size_t count, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) override {
    const IOStatus read = files_->Read(*inode_, offset_, count, result, scratch);
    offset_ += result->size();
    return read;
  }
  IOStatus Skip(uint64_t count) override {
    offset_ += count;
    return IOStatus::OK();
  }

 private:
  const LossyFileSystem* const files_;
  const std::shared_ptr<LossyFileSystem::Inode> inode_;
  uint64_t offset_ = 0;
};

class RandomAccessFile : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(const LossyFileSystem* files, std::shared_ptr<LossyFileSystem::Inode> inode)
      : files_(files), inode_(std::move(inode)) {}
  IOStatus Read(uint64_t offset, size_t count, const rocksdb::IOOptions&, Slice* result, char* scratch,
                rocksdb::IODebugContext*) const override {
    return files_->Read(*inode_, offset, count, result, scratch);
  }

 private:
  const LossyFileSystem* const files_;
  const std::shared_ptr<LossyFileSystem::Inode> inode_;
};

class WritableFile : public rocksdb::FSWritableFile {
 public:
  WritableFile(LossyFileSystem* files, std::shared_ptr<LossyFileSystem::Inode> inode)
      : files_(files), inode_(std::move(inode)) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Append(inode_.get(), data);
  }
  IOStatus Truncate(uint64_t size, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Cut(inode_.get(), size);
  }
  IOStatus Allocate(uint64_t offset, uint64_t count, const rocksdb::IOOptions&,
                    rocksdb::IODebugContext*) override {
    return files_->Allocate(inode_.get(), offset + count);
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    files_->Close(inode_.get());
    return IOStatus::OK();
  }
  IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->Sync(inode_.get());
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return inode_->bytes.size();
  }

 private:
  LossyFileSystem* const files_;
  const std::shared_ptr<LossyFileSystem::Inode> inode_;
};

class Directory : public rocksdb::FSDirectory {
 public:
  Directory(LossyFileSystem* files, std::string path) : files_(files), path_(std::move(path)) {}
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return files_->SyncFolder(path_);
  }

 private:
  LossyFileSystem* const files_;
  const std::string path_;
};

class Lock : public rocksdb::FileLock {
 public:
  explicit Lock(std::string path) : path(std::move(path)) {}
  const std::string path;
};

constexpr size_t kSectorBytes = 512;

// A clock that hardly sleeps.
class HastyClock : public rocksdb::SystemClockWrapper {
 public:
  HastyClock() : rocksdb::SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "HastyClock"; }
  void SleepForMicroseconds(int micros) override { target_->SleepForMicroseconds(std::min(micros, 1000)); }
};

class HastyEnv : public rocksdb::EnvWrapper {
 public:
  explicit HastyEnv(std::unique_ptr<rocksdb::Env> env) : rocksdb::EnvWrapper(std::move(env)) {
    system_clock_ = std::make_shared<HastyClock>();
  }
};

IOStatus NotFound(const std::string& path) { return IOStatus::PathNotFound(path, "no such file"); }

}  // namespace

LossyFileSystem::LossyFileSystem(uint64_t seed)
    : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {
  live_["/"] = nullptr;
  durable_ = live_;
}

std::string LossyFileSystem::Clean(const std::string& path) {
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean.push_back(c);
  }
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

std::string LossyFileSystem::FolderOf(const std::string& path) {
  return path.substr(0, std::max<size_t>(path.find_last_of('/'), 1));
}

const LossyFileSystem::InodePtr* LossyFileSystem::Find(const std::string& path) const {
  const auto it = live_.find(Clean(path));
  return it == live_.end() ? nullptr : &it->second;
}

int64_t LossyFileSystem::Used() const {
  std::set<const Inode*> seen;
  int64_t used = 0;
  for (const auto& [path, inode] : live_) {
    if (inode != nullptr && seen.insert(inode.get()).second) {
      used += static_cast<int64_t>(std::max(inode->bytes.size(), inode->allocated));
    }
  }
  return used;
}

void LossyFileSystem::Apply(const Change& change, Entries* entries) {
  for (const auto& [path, inode] : change.entries) {
    if (inode.has_value()) {
      (*entries)[path] = *inode;
    } else {
      entries->erase(path);
    }
  }
}

IOStatus LossyFileSystem::Admit() {
  if (operations_left_ <= 0) return IOStatus::IOError("the power is off");
  if (operations_left_ != INT64_MAX) --operations_left_;
  if (read_only_) return IOStatus::IOError("Read-only file system");
  if (fails_writes_) return IOStatus::IOError("Input/output error");
  return IOStatus::OK();
}

IOStatus LossyFileSystem::DoChange(Change change) {
  const IOStatus admitted = Admit();
  if (!admitted.ok()) return admitted;
  Apply(change, &live_);
  unsynced_.push_back(std::move(change));
  return admitted;
}

void LossyFileSystem::CutPowerAfter(int64_t operations) {
  const std::lock_guard<std::mutex> lock(mutex_);
  operations_left_ = operations;
}

bool LossyFileSystem::HasPower() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return operations_left_ > 0;
}

void LossyFileSystem::Tear(Inode* inode) {
  // Sectors arrive in any order: of a file, most of them, some or few.
  const uint64_t lost_of_8 = 1 + random_() % 7;
  for (size_t begin = inode->synced; begin < inode->bytes.size();) {
    const size_t end = std::min(inode->bytes.size(), (begin / kSectorBytes + 1) * kSectorBytes);
    if (random_() % 8 < lost_of_8) std::fill(&inode->bytes[begin], &inode->bytes[0] + end, '\0');
    begin = end;
  }
}

void LossyFileSystem::Restart(bool tears) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t kept = unsynced_.empty() ? 0 : random_() % (unsynced_.size() + 1);
  for (size_t i = 0; i < kept; ++i) Apply(unsynced_[i], &durable_);
  unsynced_.clear();
  // What is in a folder whose own name was lost cannot be found. A folder comes before what is in it.
  for (auto it = durable_.begin(); it != durable_.end();) {
    it = durable_.count(FolderOf(it->first)) > 0 ? std::next(it) : durable_.erase(it);
  }
  live_ = durable_;
  std::set<Inode*> seen;
  for (const auto& [path, inode] : live_) {
    if (inode == nullptr || !seen.insert(inode.get()).second) continue;
    const size_t unsynced = inode->bytes.size() - inode->synced;
    // Nothing, all or some of it.
    const size_t kinds[] = {0, unsynced, random_() % (unsynced + 1)};
    const size_t left = kinds[random_() % 3];
    inode->bytes.resize(inode->synced + left);
    if (tears && left > 0 && random_() % 2 == 0) Tear(inode.get());
    inode->synced = inode->bytes.size();
  }
  locks_.clear();
  operations_left_ = INT64_MAX;
}

void LossyFileSystem::SetCapacity(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  capacity_ = bytes;
}

std::vector<std::string> LossyFileSystem::Files(const std::string& folder) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, inode] : live_) {
    if (inode != nullptr && FolderOf(path) == folder) paths.push_back(path);
  }
  return paths;
}

int64_t LossyFileSystem::FileSize(const std::string& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  return inode == nullptr ? -1 : static_cast<int64_t>((*inode)->bytes.size());
}

void LossyFileSystem::FlipBit(const std::string& path, int64_t bit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  (*Find(path))->bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
}

bool LossyFileSystem::ZeroSector(const std::string& path, int64_t byte) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string& bytes = (*Find(path))->bytes;
  const size_t begin = static_cast<size_t>(byte) / kSectorBytes * kSectorBytes;
  const size_t count = std::min(kSectorBytes, bytes.size() - begin);
  const std::string zeros(count, '\0');
  if (bytes.compare(begin, count, zeros) == 0) return false;
  bytes.replace(begin, count, zeros);
  return true;
}

void LossyFileSystem::Remove(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  live_.erase(Clean(path));
  durable_.erase(Clean(path));
}

void LossyFileSystem::Put(const std::string& path, const std::string& contents) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto inode = std::make_shared<Inode>(Inode{contents, contents.size()});
  live_[path] = inode;
  durable_[path] = inode;
}

std::shared_ptr<LossyFileSystem> LossyFileSystem::Clone(uint64_t seed) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto clone = std::make_shared<LossyFileSystem>(seed);
  for (const auto& [path, inode] : live_) {
    clone->live_[path] =
        inode == nullptr ? nullptr : std::make_shared<Inode>(Inode{inode->bytes, inode->bytes.size()});
  }
  clone->durable_ = clone->live_;
  return clone;
}

int64_t LossyFileSystem::used_bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Used();
}

IOStatus LossyFileSystem::Append(Inode* inode, const Slice& data) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const IOStatus admitted = Admit();
  if (!admitted.ok()) return admitted;
  if (capacity_ != INT64_MAX) {
    const size_t promised = inode->allocated - std::min(inode->allocated, inode->bytes.size());
    const int64_t room = std::max<int64_t>(0, capacity_ - Used()) + static_cast<int64_t>(promised);
    if (static_cast<int64_t>(data.size()) > room) {
      // As a disk does: what fits is written.
      inode->bytes.append(data.data(), static_cast<size_t>(room));
      IOStatus full = IOStatus::NoSpace("No space left on device");
      full.SetRetryable(true);
      return full;
    }
  }
  inode->bytes.append(data.data(), data.size());
  return IOStatus::OK();
}

IOStatus LossyFileSystem::Cut(Inode* inode, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const IOStatus admitted = Admit();
  if (!admitted.ok()) return admitted;
  inode->bytes.resize(size);
  inode->synced = std::min(inode->synced, size);
  return admitted;
}

IOStatus LossyFileSystem::Allocate(Inode* inode, size_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t has = std::max(inode->bytes.size(), inode->allocated);
  if (!allocates_ || size <= has) return IOStatus::OK();
  if (capacity_ != INT64_MAX && static_cast<int64_t>(size - has) > capacity_ - Used()) {
    return IOStatus::NoSpace("No space left on device");
  }
  inode->allocated = size;
  return IOStatus::OK();
}

void LossyFileSystem::Close(Inode* inode) {
  const std::lock_guard<std::mutex> lock(mutex_);
  inode->allocated = 0;
}

IOStatus LossyFileSystem::Sync(Inode* inode) {
  if (sync_nanos_ > 0) absl::SleepFor(absl::Nanoseconds(sync_nanos_.load()));
  const std::lock_guard<std::mutex> lock(mutex_);
  const IOStatus admitted = Admit();
  if (admitted.ok()) inode->synced = inode->bytes.size();
  return admitted;
}

IOStatus LossyFileSystem::SyncFolder(const std::string& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const IOStatus admitted = Admit();
  if (!admitted.ok()) return admitted;
  std::vector<Change> others;
  for (Change& change : unsynced_) {
    if (change.folder == path) {
      Apply(change, &durable_);
    } else {
      others.push_back(std::move(change));
    }
  }
  unsynced_ = std::move(others);
  return admitted;
}

IOStatus LossyFileSystem::Read(const Inode& inode, uint64_t offset, size_t count, Slice* result,
                               char* scratch) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const size_t begin = std::min<size_t>(offset, inode.bytes.size());
  const size_t left = std::min(count, inode.bytes.size() - begin);
  std::memcpy(scratch, inode.bytes.data() + begin, left);
  *result = Slice(scratch, left);
  return IOStatus::OK();
}

IOStatus LossyFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                            rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  if (inode == nullptr || *inode == nullptr) return NotFound(path);
  *file = std::make_unique<SequentialFile>(this, *inode);
  return IOStatus::OK();
}

IOStatus LossyFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                              rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  if (inode == nullptr || *inode == nullptr) return NotFound(path);
  *file = std::make_unique<RandomAccessFile>(this, *inode);
  return IOStatus::OK();
}

IOStatus LossyFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string clean = Clean(path);
  if (Find(FolderOf(clean)) == nullptr) return NotFound(clean);
  const auto inode = std::make_shared<Inode>();
  const IOStatus made = DoChange({FolderOf(clean), {{clean, inode}}});
  if (made.ok()) *file = std::make_unique<WritableFile>(this, inode);
  return made;
}

IOStatus LossyFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             rocksdb::IODebugContext* context) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const InodePtr* inode = Find(path);
    if (inode != nullptr && *inode != nullptr) {
      *file = std::make_unique<WritableFile>(this, *inode);
      return IOStatus::OK();
    }
  }
  return NewWritableFile(path, options, file, context);
}

IOStatus LossyFileSystem::ReuseWritableFile(const std::string&, const std::string&,
                                            const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSWritableFile>*,
                                            rocksdb::IODebugContext*) {
  return IOStatus::NotSupported("files are not reused");
}

IOStatus LossyFileSystem::NewDirectory(const std::string& path, const rocksdb::IOOptions&,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory,
                                       rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (Find(path) == nullptr) return NotFound(path);
  *directory = std::make_unique<Directory>(this, Clean(path));
  return IOStatus::OK();
}

IOStatus LossyFileSystem::FileExists(const std::string& path, const rocksdb::IOOptions&,
                                     rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Find(path) == nullptr ? IOStatus::NotFound(path) : IOStatus::OK();
}

IOStatus LossyFileSystem::GetChildren(const std::string& path, const rocksdb::IOOptions&,
                                      std::vector<std::string>* names, rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string clean = Clean(path);
  if (Find(clean) == nullptr) return NotFound(path);
  names->clear();
  for (const auto& [entry, inode] : live_) {
    if (entry != "/" && FolderOf(entry) == clean) names->push_back(entry.substr(entry.find_last_of('/') + 1));
  }
  return IOStatus::OK();
}

IOStatus LossyFileSystem::GetChildrenFileAttributes(const std::string& path,
                                                    const rocksdb::IOOptions& options,
                                                    std::vector<rocksdb::Env::FileAttributes>* attributes,
                                                    rocksdb::IODebugContext* context) {
  // That of the wrapper would ask the machine's own.
  return rocksdb::FileSystem::GetChildrenFileAttributes(path, options, attributes, context);
}

IOStatus LossyFileSystem::DeleteFile(const std::string& path, const rocksdb::IOOptions&,
                                     rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string clean = Clean(path);
  const InodePtr* inode = Find(clean);
  if (inode == nullptr) return NotFound(path);
  if (*inode == nullptr) return IOStatus::IOError(path, "Is a directory");
  return DoChange({FolderOf(clean), {{clean, std::nullopt}}});
}

IOStatus LossyFileSystem::CreateDir(const std::string& path, const rocksdb::IOOptions&,
                                    rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string clean = Clean(path);
  if (Find(clean) != nullptr) return IOStatus::IOError(path, "exists");
  if (Find(FolderOf(clean)) == nullptr) return NotFound(FolderOf(clean));
  return DoChange({FolderOf(clean), {{clean, InodePtr()}}});
}

IOStatus LossyFileSystem::CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                             rocksdb::IODebugContext* context) {
  if (FileExists(path, options, context).ok()) return IOStatus::OK();
  return CreateDir(path, options, context);
}

IOStatus LossyFileSystem::DeleteDir(const std::string& path, const rocksdb::IOOptions& options,
                                    rocksdb::IODebugContext* context) {
  std::vector<std::string> names;
  const IOStatus listed = GetChildren(path, options, &names, context);
  if (!listed.ok()) return listed;
  if (!names.empty()) return IOStatus::IOError(path, "Directory not empty");
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::string clean = Clean(path);
  if (Find(clean) == nullptr) return NotFound(path);
  return DoChange({FolderOf(clean), {{clean, std::nullopt}}});
}

IOStatus LossyFileSystem::GetFileSize(const std::string& path, const rocksdb::IOOptions&, uint64_t* size,
                                      rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  if (inode == nullptr || *inode == nullptr) return NotFound(path);
  *size = (*inode)->bytes.size();
  return IOStatus::OK();
}

IOStatus LossyFileSystem::GetFileModificationTime(const std::string&, const rocksdb::IOOptions&,
                                                  uint64_t* time, rocksdb::IODebugContext*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus LossyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const rocksdb::IOOptions&, rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(from);
  if (inode == nullptr) return NotFound(from);
  if (*inode != nullptr) {
    const std::string clean = Clean(to);
    return DoChange({FolderOf(clean), {{Clean(from), std::nullopt}, {clean, *inode}}});
  }
  // A folder, with all that is in it.
  Change change{FolderOf(Clean(to)), {}};
  const std::string old_prefix = Clean(from);
  for (const auto& [path, entry] : live_) {
    if (path != old_prefix && path.compare(0, old_prefix.size() + 1, old_prefix + "/") != 0) continue;
    change.entries.emplace_back(path, std::nullopt);
    change.entries.emplace_back(Clean(to) + path.substr(old_prefix.size()), entry);
  }
  return DoChange(std::move(change));
}

IOStatus LossyFileSystem::LinkFile(const std::string& from, const std::string& to, const rocksdb::IOOptions&,
                                   rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(from);
  if (inode == nullptr || *inode == nullptr) return NotFound(from);
  const std::string clean = Clean(to);
  return DoChange({FolderOf(clean), {{clean, *inode}}});
}

IOStatus LossyFileSystem::NumFileLinks(const std::string& path, const rocksdb::IOOptions&, uint64_t* count,
                                       rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  if (inode == nullptr) return NotFound(path);
  *count = static_cast<uint64_t>(
      std::count_if(live_.begin(), live_.end(), [&](const auto& entry) { return entry.second == *inode; }));
  return IOStatus::OK();
}

IOStatus LossyFileSystem::AreFilesSame(const std::string& first, const std::string& second,
                                       const rocksdb::IOOptions&, bool* same, rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* a = Find(first);
  const InodePtr* b = Find(second);
  if (a == nullptr || b == nullptr) return NotFound(first);
  *same = *a == *b;
  return IOStatus::OK();
}

IOStatus LossyFileSystem::LockFile(const std::string& path, const rocksdb::IOOptions&,
                                   rocksdb::FileLock** lock, rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::string clean = Clean(path);
  if (read_only_) return IOStatus::IOError("While open a file for lock: " + clean, "Read-only file system");
  if (!locks_.insert(clean).second) {
    return IOStatus::IOError("lock hold by current process: " + clean, "No locks available");
  }
  if (Find(clean) == nullptr) {
    const IOStatus made = DoChange({FolderOf(clean), {{clean, std::make_shared<Inode>()}}});
    if (!made.ok()) {
      locks_.erase(clean);
      return made;
    }
  }
  *lock = new Lock(clean);  // UnlockFile deletes it.
  return IOStatus::OK();
}

IOStatus LossyFileSystem::UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions&,
                                     rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  locks_.erase(owned->path);
  return IOStatus::OK();
}

IOStatus LossyFileSystem::GetAbsolutePath(const std::string& path, const rocksdb::IOOptions&,
                                          std::string* absolute, rocksdb::IODebugContext*) {
  *absolute = path;
  return IOStatus::OK();
}

IOStatus LossyFileSystem::GetFreeSpace(const std::string&, const rocksdb::IOOptions&, uint64_t* free_bytes,
                                       rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t capacity = std::min(capacity_, int64_t{1} << 50);
  *free_bytes = static_cast<uint64_t>(std::max<int64_t>(0, capacity - Used()));
  return IOStatus::OK();
}

IOStatus LossyFileSystem::IsDirectory(const std::string& path, const rocksdb::IOOptions&, bool* is_directory,
                                      rocksdb::IODebugContext*) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const InodePtr* inode = Find(path);
  if (inode == nullptr) return NotFound(path);
  *is_directory = *inode == nullptr;
  return IOStatus::OK();
}

std::shared_ptr<rocksdb::Env> MakeEnv(const std::shared_ptr<LossyFileSystem>& files) {
  return std::make_shared<HastyEnv>(rocksdb::NewCompositeEnv(files));
}

}  // namespace engram
