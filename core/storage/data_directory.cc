#include "core/storage/data_directory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/storage/folder.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

constexpr char kIngestName[] = "ingest";

constexpr char kSnapshotsName[] = "snapshots";
// Of what is not yet, or no longer, a snapshot.
constexpr char kTemporarySuffix[] = ".tmp";

OwnedDirectory DataDirectoryAt(const std::string& data_dir) {
  return {"data directory", "--data-dir", data_dir};
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
  for (const char* known :
       {"CURRENT", "LOCK", "IDENTITY", "lost+found", kIngestName, kSnapshotsName, kSnapshotRecordName}) {
    if (name == known) return true;
  }
  return IsDataFile(name) || IsNumbered(name, "MANIFEST-", "") || IsNumbered(name, "OPTIONS-", "") ||
         IsNumbered(name, "OPTIONS-", ".dbtmp") || IsNumbered(name, "", ".dbtmp");
}

// True: there is a database.
absl::StatusOr<bool> CheckFiles(rocksdb::FileSystem* files, const std::string& data_dir,
                                const StorageLog& log) {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          ListDirectory(files, DataDirectoryAt(data_dir)));
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

rocksdb::IOStatus RemoveLeftover(rocksdb::FileSystem* files, const std::string& path, const StorageLog& log) {
  const rocksdb::IOStatus removed = RemoveAny(files, path);
  if (removed.ok()) log(LogLevel::kInfo, absl::StrCat("removed ", path, ", which a crash left"));
  return removed;
}

}  // namespace

std::string IngestFolder(const std::string& data_dir) { return absl::StrCat(data_dir, "/", kIngestName); }

std::string SnapshotsFolder(const std::string& data_dir) {
  return absl::StrCat(data_dir, "/", kSnapshotsName);
}

absl::StatusOr<DataDirectory> PrepareDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                   const StorageLog& log) {
  ENGRAM_RETURN_IF_ERROR(MakeDirectory(files, DataDirectoryAt(data_dir)));
  ENGRAM_ASSIGN_OR_RETURN(const bool has_database, CheckFiles(files, data_dir, log));
  ENGRAM_ASSIGN_OR_RETURN(DirectoryLock lock, LockDirectory(files, DataDirectoryAt(data_dir)));
  return DataDirectory{has_database, std::move(lock)};
}

absl::StatusOr<DirectoryLock> CheckDataDirectory(rocksdb::FileSystem* files, const std::string& data_dir,
                                                 const StorageLog& log) {
  ENGRAM_ASSIGN_OR_RETURN(const bool has_database, CheckFiles(files, data_dir, log));
  if (!has_database) return Refused(DataDirectoryAt(data_dir), "holds no banks");
  return LockDirectory(files, DataDirectoryAt(data_dir));
}

absl::Status RemoveLeftovers(rocksdb::FileSystem* files, const std::string& data_dir, const StorageLog& log) {
  // Neither folder need be there.
  const std::string ingest = IngestFolder(data_dir);
  std::vector<std::string> names;
  ListFolder(files, ingest, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    const rocksdb::IOStatus removed = RemoveLeftover(files, absl::StrCat(ingest, "/", name), log);
    if (removed.ok()) continue;
    return Refused(DataDirectoryAt(data_dir),
                   absl::StrCat("holds a left-over that cannot be removed: ", removed.ToString()));
  }
  const std::string snapshots = SnapshotsFolder(data_dir);
  names.clear();
  ListFolder(files, snapshots, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, kTemporarySuffix)) continue;
    const rocksdb::IOStatus removed = RemoveLeftover(files, absl::StrCat(snapshots, "/", name), log);
    if (removed.ok()) continue;
    log(LogLevel::kWarning, absl::StrCat("a left-over cannot be removed: ", removed.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace engram
