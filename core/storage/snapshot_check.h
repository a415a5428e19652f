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

// Reads all table files of an open snapshot and all records of its banks, and returns each thing that is
// wrong, naming the file or the bank. Errors of `progress`, and UNAVAILABLE: the disk cannot be read.
absl::StatusOr<std::vector<std::string>> CheckSnapshot(const StoredSnapshot& snapshot,
                                                       const ProgressVisitor& progress);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_CHECK_H_
