#ifndef ENGRAM_CORE_STORAGE_LOG_FILES_H_
#define ENGRAM_CORE_STORAGE_LOG_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"

namespace engram {

// The files of a database that say what it holds beside its tables. Errors: see ToReadStatus.

absl::StatusOr<std::string> ReadLogFile(rocksdb::Env* env, const std::string& path);

// The MANIFEST that counts. CURRENT holds its name, and no checksum.
// DATA_LOSS: it names none that is there.
absl::StatusOr<std::string> CurrentManifest(rocksdb::Env* env, const std::string& data_dir);

// Paths of the logs, in their order.
absl::StatusOr<std::vector<std::string>> ListLogs(rocksdb::Env* env, const std::string& data_dir);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_LOG_FILES_H_
