#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_ERRORS_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_ERRORS_H_

#include <string>

#include "absl/status/status.h"

namespace engram {

// What stores of snapshots refuse, in words and with details for programs (docs/errors.md).

// NOT_FOUND: no snapshot is called `name`.
absl::Status SnapshotNotFound(const std::string& name);
// ALREADY_EXISTS: one is.
absl::Status SnapshotExists(const std::string& name);
// UNAVAILABLE: another call is at work on the same snapshots; retry when it is done.
absl::Status SnapshotsBusy();

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_ERRORS_H_
