#include "core/storage/snapshot_errors.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr absl::Duration kBusyRetryDelay = absl::Seconds(1);

}  // namespace

absl::Status SnapshotNotFound(const std::string& name) {
  ErrorDetails details;
  details.reason = "SNAPSHOT_NOT_FOUND";
  details.metadata = {{"snapshot", name}};
  return MakeError(absl::StatusCode::kNotFound, details, absl::StrCat("no snapshot is named '", name, "'"));
}

absl::Status SnapshotExists(const std::string& name) {
  ErrorDetails details;
  details.reason = "SNAPSHOT_EXISTS";
  details.field = "name";
  details.metadata = {{"snapshot", name}};
  return MakeError(absl::StatusCode::kAlreadyExists, details,
                   absl::StrCat("name: snapshot '", name, "' exists"));
}

absl::Status SnapshotsBusy() {
  ErrorDetails details;
  details.reason = "SNAPSHOTS_BUSY";
  details.retry_delay = kBusyRetryDelay;
  return MakeError(absl::StatusCode::kUnavailable, details,
                   "a snapshot is being made, verified, restored or deleted; retry when that is done");
}

}  // namespace engram
