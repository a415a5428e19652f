#include "core/storage/copied_logs.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/log_files.h"
#include "core/storage/log_records.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

// A file of a copy must be whole to its end: no power loss has torn it.
absl::Status CheckWhole(rocksdb::Env* env, const std::string& path) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string contents, ReadLogFile(env, path));
  const WholeRecords whole = FindWholeRecords(contents);
  if (whole.bytes == contents.size()) return absl::OkStatus();
  return DataDamaged(
      absl::StrCat(path, " is damaged at byte ", whole.fragment_bytes, " of ", contents.size()));
}

}  // namespace

absl::Status MendCopiedLogs(rocksdb::Env* env, const std::string& folder) {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListLogs(env, folder));
  if (paths.empty()) return absl::OkStatus();
  const std::string& path = paths.back();
  ENGRAM_ASSIGN_OR_RETURN(const std::string log, ReadLogFile(env, path));
  const size_t whole = FindWholeRecords(log).bytes;
  if (whole == log.size()) return absl::OkStatus();
  const std::string mended = path + ".tmp";
  rocksdb::Status status =
      rocksdb::WriteStringToFile(env, log.substr(0, whole), mended, /*should_sync=*/true);
  if (status.ok()) status = env->RenameFile(mended, path);
  return ToWriteStatus(status, path);
}

absl::Status CheckCopiedLogs(rocksdb::Env* env, const std::string& folder) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string manifest, CurrentManifest(env, folder));
  ENGRAM_RETURN_IF_ERROR(CheckWhole(env, manifest));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListLogs(env, folder));
  for (const std::string& path : paths) ENGRAM_RETURN_IF_ERROR(CheckWhole(env, path));
  return absl::OkStatus();
}

}  // namespace engram
