#include "core/storage/data_directory.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

constexpr char kIngestName[] = "ingest";

absl::Status Refused(const std::string& data_dir, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("data directory ", data_dir, " ", why));
}

bool IsNumbered(absl::string_view name, absl::string_view prefix, absl::string_view suffix) {
  if (name.size() <= prefix.size() + suffix.size() || !absl::StartsWith(name, prefix) ||
      !absl::EndsWith(name, suffix)) {
    return false;
  }
  const absl::string_view number = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  return std::all_of(number.begin(), number.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

// Files without which the database is not whole.
bool IsDataFile(absl::string_view name) {
  return IsNumbered(name, "", ".sst") || IsNumbered(name, "", ".log");
}

bool IsKnown(absl::string_view name) {
  for (const char* known : {".", "..", "CURRENT", "LOCK", "IDENTITY", kIngestName, "lost+found"}) {
    if (name == known) return true;
  }
  return IsDataFile(name) || IsNumbered(name, "MANIFEST-", "") || IsNumbered(name, "OPTIONS-", "") ||
         IsNumbered(name, "OPTIONS-", ".dbtmp") || IsNumbered(name, "", ".dbtmp");
}

absl::Status Make(rocksdb::FileSystem* files, const std::string& data_dir) {
  const rocksdb::IOStatus made = files->CreateDirIfMissing(data_dir, {}, nullptr);
  if (!made.ok()) {
    return Refused(data_dir, absl::StrCat("does not exist and cannot be made: ", made.ToString(),
                                          "; make it, or name another with --data-dir"));
  }
  // Or a power loss takes the directory with all that is in it.
  const std::string path = data_dir.substr(0, data_dir.find_last_not_of('/') + 1);
  const size_t slash = path.find_last_of('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  std::unique_ptr<rocksdb::FSDirectory> directory;
  rocksdb::IOStatus synced = files->NewDirectory(parent, {}, &directory, nullptr);
  if (synced.ok()) synced = directory->Fsync({}, nullptr);
  if (synced.ok()) return absl::OkStatus();
  return Refused(data_dir, absl::StrCat("was made, but not durably: ", synced.ToString()));
}

// Takes the lock that the database takes itself later, because it says best what is wrong.
absl::StatusOr<DirectoryLock> TakeLock(rocksdb::FileSystem* files, const std::string& data_dir) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::IOStatus locked = files->LockFile(data_dir + "/LOCK", {}, &lock, nullptr);
  if (locked.ok()) return DirectoryLock(lock, {files});
  const std::string text = locked.ToString();
  if (absl::StrContains(text, "lock hold by") || absl::StrContains(text, "temporarily unavailable")) {
    return Refused(data_dir, absl::StrCat("is in use by another process; stop that one, or name another "
                                          "directory with --data-dir (",
                                          text, ")"));
  }
  if (locked.IsNoSpace()) return ToWriteStatus(locked, absl::StrCat("data directory ", data_dir));
  return Refused(data_dir, absl::StrCat("cannot be written: ", text,
                                        "; check its owner, its mode and how it is mounted"));
}

absl::StatusOr<std::vector<std::string>> ListFiles(rocksdb::FileSystem* files, const std::string& data_dir) {
  std::vector<std::string> names;
  const rocksdb::IOStatus listed = files->GetChildren(data_dir, {}, &names, nullptr);
  if (listed.ok()) return names;
  return Refused(data_dir, absl::StrCat("cannot be read: ", listed.ToString(), "; check its owner and mode"));
}

// True: there is a database.
absl::StatusOr<bool> CheckFiles(rocksdb::FileSystem* files, const std::string& data_dir,
                                const StorageLog& log) {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFiles(files, data_dir));
  for (const std::string& name : names) {
    if (IsKnown(name)) continue;
    log(LogLevel::kWarning,
        absl::StrCat("data directory ", data_dir, " holds '", name, "', which is not Engram's"));
  }
  if (std::find(names.begin(), names.end(), "CURRENT") != names.end()) return true;
  const auto data_file = std::find_if(names.begin(), names.end(), IsDataFile);
  if (data_file == names.end()) return false;
  return DataDamaged(
      absl::StrCat("data directory ", data_dir, " holds ", *data_file,
                   " but no file CURRENT: parts of it were deleted; restore it from a backup, or "
                   "empty it to begin anew"));
}

}  // namespace

std::string IngestFolder(const std::string& data_dir) { return absl::StrCat(data_dir, "/", kIngestName); }

void Unlock::operator()(rocksdb::FileLock* lock) const {
  files->UnlockFile(lock, {}, nullptr).PermitUncheckedError();
}

absl::StatusOr<DataDirectory> PrepareDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                   const StorageLog& log) {
  if (data_dir.empty()) return absl::InvalidArgumentError("the data directory has no name");
  if (!files->FileExists(data_dir, {}, nullptr).ok()) ENGRAM_RETURN_IF_ERROR(Make(files, data_dir));
  bool is_directory = false;
  const rocksdb::IOStatus looked = files->IsDirectory(data_dir, {}, &is_directory, nullptr);
  if (looked.ok() && !is_directory) return Refused(data_dir, "is not a directory; name another");
  ENGRAM_ASSIGN_OR_RETURN(const bool has_database, CheckFiles(files, data_dir, log));
  ENGRAM_ASSIGN_OR_RETURN(DirectoryLock lock, TakeLock(files, data_dir));
  return DataDirectory{has_database, std::move(lock)};
}

absl::StatusOr<DirectoryLock> CheckDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                 const StorageLog& log) {
  ENGRAM_ASSIGN_OR_RETURN(const bool has_database, CheckFiles(files, data_dir, log));
  if (!has_database) return Refused(data_dir, "holds no banks");
  return TakeLock(files, data_dir);
}

absl::Status RemoveLeftovers(rocksdb::FileSystem* files, const std::string& data_dir, const StorageLog& log) {
  const std::string folder = IngestFolder(data_dir);
  std::vector<std::string> names;
  if (!files->GetChildren(folder, {}, &names, nullptr).ok()) return absl::OkStatus();  // There is none.
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const rocksdb::IOStatus removed = files->DeleteFile(absl::StrCat(folder, "/", name), {}, nullptr);
    if (!removed.ok()) {
      return Refused(data_dir,
                     absl::StrCat("holds a left-over that cannot be removed: ", removed.ToString()));
    }
    log(LogLevel::kInfo, absl::StrCat("removed ", folder, "/", name, ", which a crash left"));
  }
  return absl::OkStatus();
}

}  // namespace engram
