#ifndef ENGRAM_CORE_STORAGE_COPIED_LOGS_H_
#define ENGRAM_CORE_STORAGE_COPIED_LOGS_H_

#include <string>

#include "absl/status/status.h"
#include "rocksdb/env.h"

namespace engram {

// Of a copy of a database, made while it was written: its newest log may end within a record. Replaces that
// one, which may be a link to the database's own, by its whole records. Not yet durable: see SyncFolder.
absl::Status MendCopiedLogs(rocksdb::Env* env, const std::string& folder);

// Checks the logs and the MANIFEST of a copy after MendCopiedLogs: where one is not whole, it is damaged.
absl::Status CheckCopiedLogs(rocksdb::Env* env, const std::string& folder);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_COPIED_LOGS_H_
