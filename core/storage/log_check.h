#ifndef ENGRAM_CORE_STORAGE_LOG_CHECK_H_
#define ENGRAM_CORE_STORAGE_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/env.h"

namespace engram {

// Recovery ends at the first record of a log that is damaged, because a power loss may have torn the last
// one. This tells the two apart: a record is only begun when those before it are complete, so that damage
// before the beginning of a whole record is not the power's. Journals keep such a record, a seal, behind what
// they acknowledged.

// DATA_LOSS: `contents` of the log called `name` have such damage. Zeros, which a power loss leaves where a
// file grew and its bytes did not arrive, are none.
absl::Status CheckLog(absl::string_view contents, absl::string_view name);

// CheckLog of all logs in a data directory, and of the file that says which one counts.
absl::Status CheckLogs(rocksdb::Env* env, const std::string& data_dir);

// Cuts off the end of the MANIFEST if a power loss has left it without its last sectors: RocksDB takes that
// for damage, as it must take anything else there. What such an end said was never acknowledged.
absl::Status RepairManifest(rocksdb::Env* env, const std::string& data_dir);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_LOG_CHECK_H_
