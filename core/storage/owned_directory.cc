#include "core/storage/owned_directory.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/storage/folder.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

std::string NameOf(const OwnedDirectory& directory) {
  return absl::StrCat(directory.noun, " ", directory.path);
}

}  // namespace

void Unlock::operator()(rocksdb::FileLock* lock) const {
  files->UnlockFile(lock, {}, nullptr).PermitUncheckedError();
}

absl::Status Refused(const OwnedDirectory& directory, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(NameOf(directory), " ", why));
}

absl::Status MakeDirectory(rocksdb::FileSystem* files, const OwnedDirectory& directory) {
  if (directory.path.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the ", directory.noun, " has no name"));
  }
  if (!files->FileExists(directory.path, {}, nullptr).ok()) {
    const rocksdb::IOStatus made = files->CreateDirIfMissing(directory.path, {}, nullptr);
    if (!made.ok()) {
      return Refused(directory, absl::StrCat("does not exist and cannot be made: ", made.ToString(),
                                             "; make it, or name another with ", directory.flag));
    }
    // Or a power loss takes the directory with all that is in it.
    const rocksdb::IOStatus synced = SyncFolder(files, ParentFolder(directory.path));
    if (!synced.ok()) {
      return Refused(directory, absl::StrCat("was made, but not durably: ", synced.ToString()));
    }
  }
  bool is_directory = false;
  const rocksdb::IOStatus looked = files->IsDirectory(directory.path, {}, &is_directory, nullptr);
  if (looked.ok() && !is_directory) return Refused(directory, "is not a directory; name another");
  return absl::OkStatus();
}

absl::StatusOr<DirectoryLock> LockDirectory(rocksdb::FileSystem* files, const OwnedDirectory& directory) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::IOStatus locked = files->LockFile(directory.path + "/LOCK", {}, &lock, nullptr);
  if (locked.ok()) return DirectoryLock(lock, {files});
  const std::string text = locked.ToString();
  if (absl::StrContains(text, "lock hold by") || absl::StrContains(text, "temporarily unavailable")) {
    return Refused(directory, absl::StrCat("is in use by another process; stop that one, or name another "
                                           "directory with ",
                                           directory.flag, " (", text, ")"));
  }
  if (locked.IsNoSpace()) return ToWriteStatus(locked, NameOf(directory));
  return Refused(directory, absl::StrCat("cannot be written: ", text,
                                         "; check its owner, its mode and how it is mounted"));
}

absl::StatusOr<std::vector<std::string>> ListDirectory(rocksdb::FileSystem* files,
                                                       const OwnedDirectory& directory) {
  std::vector<std::string> names;
  const rocksdb::IOStatus listed = ListFolder(files, directory.path, &names);
  if (listed.ok()) return names;
  return Refused(directory,
                 absl::StrCat("cannot be read: ", listed.ToString(), "; check its owner and mode"));
}

}  // namespace engram
