#ifndef ENGRAM_SERVER_PARSE_SNAPSHOT_H_
#define ENGRAM_SERVER_PARSE_SNAPSHOT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/storage/snapshot_store.h"
#include "engram/v1/snapshot.pb.h"

namespace engram {

// Where a server keeps snapshots; null: it has no such directory.
struct SnapshotPlaces {
  SnapshotStore* data_directory = nullptr;
  SnapshotStore* backup_directory = nullptr;
};

// What a request asks about: one snapshot of a place, or all of it.
struct SnapshotCall {
  v1::SnapshotPlace place = v1::SNAPSHOT_PLACE_DATA_DIRECTORY;  // Never unspecified.
  SnapshotStore* store = nullptr;                               // Never null.
  std::string name;
};

// All errors are INVALID_ARGUMENT with the field, what was got and what is allowed, or FAILED_PRECONDITION:
// the server was started without the directory.

// A place, no snapshot of it.
absl::StatusOr<SnapshotCall> ParsePlace(v1::SnapshotPlace place, const SnapshotPlaces& places);

// A snapshot; `field` is the path of its name in the request.
absl::StatusOr<SnapshotCall> ParseSnapshot(const std::string& name, const std::string& field,
                                           v1::SnapshotPlace place, const SnapshotPlaces& places);

// A snapshot to be made, whose name is empty if the request has none.
absl::StatusOr<SnapshotCall> ParseCreateSnapshot(const v1::CreateSnapshotRequest& request,
                                                 const SnapshotPlaces& places);

struct RestoreCall {
  SnapshotCall snapshot;
  std::string bank;
  std::string new_name;
};
absl::StatusOr<RestoreCall> ParseRestoreBank(const v1::RestoreBankRequest& request,
                                             const SnapshotPlaces& places);

// The name of the snapshot number `number`, from 1, that is made in the second of `time` without a name:
// "20261122-101500", "20261122-101500-2" and so on, in UTC.
std::string DefaultSnapshotName(absl::Time time, int number);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_SNAPSHOT_H_
