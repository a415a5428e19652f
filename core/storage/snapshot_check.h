#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_CHECK_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/storage/rocks_database.h"
#include "core/storage/snapshot_store.h"

namespace engram {

// What is known of a snapshot, `known`, completed with its banks, or with why it cannot be opened.
SnapshotInfo ReadSnapshotInfo(const DatabaseOptions& options, SnapshotInfo known);

// Of an open snapshot, reads all table files, or all records of its banks, and returns each thing that is
// wrong, naming the file or the bank. Tells `progress` that `before_bytes` more than its own are done, of
// `total_bytes`. Errors of `progress`, and UNAVAILABLE: the disk cannot be read.
absl::StatusOr<std::vector<std::string>> CheckTables(const StoredSnapshot& snapshot, int64_t before_bytes,
                                                     int64_t total_bytes, const ProgressVisitor& progress);
absl::StatusOr<std::vector<std::string>> CheckRecords(const StoredSnapshot& snapshot, int64_t before_bytes,
                                                      int64_t total_bytes, const ProgressVisitor& progress);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_CHECK_H_
