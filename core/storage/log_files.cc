#include "core/storage/log_files.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/rocks_status.h"

namespace engram {

absl::StatusOr<std::string> ReadLogFile(rocksdb::Env* env, const std::string& path) {
  std::string contents;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(rocksdb::ReadFileToString(env, path, &contents), path));
  return contents;
}

absl::StatusOr<std::string> CurrentManifest(rocksdb::Env* env, const std::string& data_dir) {
  const std::string path = absl::StrCat(data_dir, "/CURRENT");
  ENGRAM_ASSIGN_OR_RETURN(const std::string current, ReadLogFile(env, path));
  std::vector<std::string> names;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(env->GetChildren(data_dir, &names), data_dir));
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "MANIFEST-") && current == absl::StrCat(name, "\n")) {
      return absl::StrCat(data_dir, "/", name);
    }
  }
  return DataDamaged(absl::StrCat(path,
                                  " names no MANIFEST that is there: it is damaged, or parts of the data "
                                  "directory were deleted; restore it from a backup"));
}

absl::StatusOr<std::vector<std::string>> ListLogs(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(env->GetChildren(data_dir, &names), data_dir));
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (absl::EndsWith(name, ".log")) paths.push_back(absl::StrCat(data_dir, "/", name));
  }
  std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return paths;
}

}  // namespace engram
