#include "core/storage/backup_directory.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/storage/folder.h"
#include "rocksdb/env.h"

namespace engram {
namespace {

// Says that the directory is Engram's, and its format.
constexpr char kFormatName[] = "BACKUPS";
// What becomes that file; a crash may leave it.
constexpr char kTemporaryName[] = "BACKUPS.tmp";
constexpr char kFormat[] = "engram backups, format 1\n";
// Those of RocksDB's backup engine, which removes from them what belongs to no backup.
constexpr std::array<const char*, 4> kEngineNames = {"meta", "private", "shared", "shared_checksum"};

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::filesystem::path Canonical(const std::string& path) {
  std::error_code error;
  std::filesystem::path canonical =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  if (error) canonical = std::filesystem::path(path).lexically_normal();
  return canonical.has_filename() ? canonical : canonical.parent_path();
}

bool IsWithin(const std::string& path, const std::string& folder) {
  const std::filesystem::path inner = Canonical(path);
  const std::filesystem::path outer = Canonical(folder);
  const auto ends = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return ends.first == outer.end();
}

absl::Status CheckFiles(const OwnedDirectory& directory, const std::vector<std::string>& names,
                        const StorageLog& log) {
  if (Contains(names, "CURRENT")) {
    return Refused(directory, absl::StrCat("holds a database; name another with ", directory.flag));
  }
  for (const std::string& name : names) {
    const bool is_engines = std::find(kEngineNames.begin(), kEngineNames.end(), name) != kEngineNames.end();
    if (is_engines && !Contains(names, kFormatName)) {
      return Refused(directory, absl::StrCat("holds '", name, "', but no file ", kFormatName,
                                             ", so that it may not be Engram's; name an empty one with ",
                                             directory.flag));
    }
    const bool is_ours = is_engines || name == kFormatName || name == kTemporaryName || name == "LOCK";
    if (is_ours || name == "lost+found") continue;
    log(LogLevel::kWarning,
        absl::StrCat("backup directory ", directory.path, " holds '", name, "', which is not Engram's"));
  }
  return absl::OkStatus();
}

// Writes the format into a new directory, or checks that it is known.
absl::Status CheckFormat(rocksdb::FileSystem* files, const OwnedDirectory& directory, bool is_new) {
  const std::string path = absl::StrCat(directory.path, "/", kFormatName);
  if (!is_new) {
    std::string format;
    const rocksdb::IOStatus read = rocksdb::ReadFileToString(files, path, &format);
    if (!read.ok()) return Refused(directory, absl::StrCat("cannot be read: ", read.ToString()));
    if (format == kFormat) return absl::OkStatus();
    return Refused(directory, absl::StrCat("has a file ", kFormatName,
                                           " that this Engram does not know: use the Engram that made it"));
  }
  // All of it or nothing: with a part of it no later start would know the directory.
  const std::string temporary = absl::StrCat(directory.path, "/", kTemporaryName);
  rocksdb::IOStatus written = rocksdb::WriteStringToFile(files, kFormat, temporary, /*should_sync=*/true);
  if (written.ok()) written = files->RenameFile(temporary, path, {}, nullptr);
  if (written.ok()) written = SyncFolder(files, directory.path);
  if (written.ok()) return absl::OkStatus();
  return Refused(directory, absl::StrCat("cannot be written: ", written.ToString()));
}

}  // namespace

absl::StatusOr<DirectoryLock> PrepareBackupDirectory(rocksdb::FileSystem* files,
                                                     const std::string& backup_dir,
                                                     const std::string& data_dir, const StorageLog& log) {
  const OwnedDirectory directory = {"backup directory", "--backup-dir", backup_dir};
  if (IsWithin(backup_dir, data_dir)) {
    return Refused(directory,
                   absl::StrCat("is in the data directory ", data_dir,
                                ", with which it would be lost; name another with ", directory.flag));
  }
  ENGRAM_RETURN_IF_ERROR(MakeDirectory(files, directory));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDirectory(files, directory));
  ENGRAM_RETURN_IF_ERROR(CheckFiles(directory, names, log));
  ENGRAM_ASSIGN_OR_RETURN(DirectoryLock lock, LockDirectory(files, directory));
  ENGRAM_RETURN_IF_ERROR(CheckFormat(files, directory, !Contains(names, kFormatName)));
  return lock;
}

absl::Status FindBackupDirectory(rocksdb::FileSystem* files, const std::string& backup_dir) {
  const std::string path = absl::StrCat(backup_dir, "/", kFormatName);
  std::string format;
  const rocksdb::IOStatus read = rocksdb::ReadFileToString(files, path, &format);
  if (read.ok() && format == kFormat) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "STORAGE_UNAVAILABLE";
  return MakeError(
      absl::StatusCode::kUnavailable, details,
      absl::StrCat("backup directory ", backup_dir, " is not what it was when the server started: ", path,
                   read.ok() ? " has other contents" : absl::StrCat(": ", read.ToString()),
                   "; look whether its disk is mounted"));
}

}  // namespace engram
