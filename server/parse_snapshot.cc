#include "server/parse_snapshot.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/parse_request.h"

namespace engram {
namespace {

absl::Status NoDataDirectory() {
  ErrorDetails details;
  details.reason = "NO_DATA_DIRECTORY";
  return MakeError(absl::StatusCode::kFailedPrecondition, details,
                   "this server keeps nothing on disk, so that there is nothing to make a snapshot of; start "
                   "engramd with --data-dir");
}

absl::Status NoBackupDirectory() {
  ErrorDetails details;
  details.reason = "NO_BACKUP_DIRECTORY";
  details.field = "place";
  return MakeError(absl::StatusCode::kFailedPrecondition, details,
                   absl::StrCat("place: got ", v1::SnapshotPlace_Name(v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY),
                                ", this server has no directory for backups; start engramd with "
                                "--backup-dir"));
}

}  // namespace

absl::StatusOr<SnapshotCall> ParsePlace(v1::SnapshotPlace place, const SnapshotPlaces& places) {
  SnapshotCall call;
  switch (place) {
    case v1::SNAPSHOT_PLACE_UNSPECIFIED:
    case v1::SNAPSHOT_PLACE_DATA_DIRECTORY:
      call.store = places.data_directory;
      break;
    case v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY:
      call.place = place;
      call.store = places.backup_directory;
      break;
    default:
      return InvalidField("place", absl::StrCat(static_cast<int>(place)),
                          "a value of engram.v1.SnapshotPlace");
  }
  if (places.data_directory == nullptr) return NoDataDirectory();
  if (call.store == nullptr) return NoBackupDirectory();
  return call;
}

absl::StatusOr<SnapshotCall> ParseSnapshot(const std::string& name, const std::string& field,
                                           v1::SnapshotPlace place, const SnapshotPlaces& places) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name, field));
  ENGRAM_ASSIGN_OR_RETURN(SnapshotCall call, ParsePlace(place, places));
  call.name = name;
  return call;
}

absl::StatusOr<SnapshotCall> ParseCreateSnapshot(const v1::CreateSnapshotRequest& request,
                                                 const SnapshotPlaces& places) {
  return request.name().empty() ? ParsePlace(request.place(), places)
                                : ParseSnapshot(request.name(), "name", request.place(), places);
}

absl::StatusOr<RestoreCall> ParseRestoreBank(const v1::RestoreBankRequest& request,
                                             const SnapshotPlaces& places) {
  RestoreCall call;
  ENGRAM_ASSIGN_OR_RETURN(call.bank, ParseName(request.bank(), "bank"));
  call.new_name = call.bank;
  if (!request.new_name().empty()) {
    ENGRAM_ASSIGN_OR_RETURN(call.new_name, ParseName(request.new_name(), "new_name"));
  }
  ENGRAM_ASSIGN_OR_RETURN(call.snapshot,
                          ParseSnapshot(request.snapshot(), "snapshot", request.place(), places));
  return call;
}

std::string DefaultSnapshotName(absl::Time time, int number) {
  const std::string name = absl::FormatTime("%Y%m%d-%H%M%S", time, absl::UTCTimeZone());
  return number == 1 ? name : absl::StrCat(name, "-", number);
}

}  // namespace engram
