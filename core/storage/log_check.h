#ifndef ENGRAM_CORE_STORAGE_LOG_CHECK_H_
#define ENGRAM_CORE_STORAGE_LOG_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/env.h"

namespace engram {

// Recovery ends at the first record of a log that is damaged, because a power loss may have torn what was not
// synced: any of its sectors may be missing, with others behind them there. Only what stands before something
// that was synced is damage. Journals say how far that is in seals, which they append to the log.

// What a seal says: all records up to number `through` were synced. If `log` is not 0, the last of them is in
// the log of that number or a later one.
struct Synced {
  uint64_t through = 0;
  uint64_t log = 0;
};

// The bytes of a seal. `identity`: of the database, which its clients do not know, so that none of their
// payloads can look like one.
std::string LogSeal(absl::string_view identity, Synced synced);

// DATA_LOSS: `contents` of the log called `name` have damage before something that was synced. Anything else
// is the end of what a power loss has left.
absl::Status CheckLog(absl::string_view contents, absl::string_view name, absl::string_view identity = {});

// The same of a MANIFEST, in which a few records are synced together: what stands further from its end was.
// RepairManifest mends what this accepts.
absl::Status CheckManifest(absl::string_view contents, absl::string_view name);

// Checks all logs in a data directory, and the file that says which MANIFEST counts.
absl::Status CheckLogs(rocksdb::Env* env, const std::string& data_dir);

// Cuts off what a power loss has torn from the logs, and what comes after it in later ones: RocksDB would go
// on behind a hole of zeros. Syncs them: what was read from them must not be lost after what comes next.
// REQUIRES: CheckLogs, and that nobody else has the directory.
absl::Status RepairLogs(rocksdb::Env* env, const std::string& data_dir);

// Cuts off the end of the MANIFEST if a power loss has left it without some of its sectors: RocksDB takes
// that for damage, as it must take anything else there. What such an end said was never acknowledged.
absl::Status RepairManifest(rocksdb::Env* env, const std::string& data_dir);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_LOG_CHECK_H_
