#include "server/snapshot_answers.h"

#include <vector>

#include "core/base/status_macros.h"
#include "server/fill_snapshot.h"
#include "server/log.h"
#include "server/parse_snapshot.h"

namespace engram {

absl::StatusOr<v1::GetSnapshotResponse> AnswerGetSnapshot(const ServiceParts& parts,
                                                          const v1::GetSnapshotRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotCall call,
                          ParseSnapshot(request.name(), "name", request.place(), parts.snapshots));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotInfo info, call.store->Get(call.name));
  return FillGetSnapshot(info, call.place, parts.limits);
}

absl::StatusOr<v1::ListSnapshotsResponse> AnswerListSnapshots(const ServiceParts& parts,
                                                              const v1::ListSnapshotsRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotCall call, ParsePlace(request.place(), parts.snapshots));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<SnapshotInfo> snapshots, call.store->List());
  return FillListSnapshots(snapshots, call.place, parts.limits);
}

absl::StatusOr<v1::DeleteSnapshotResponse> AnswerDeleteSnapshot(const ServiceParts& parts,
                                                                const v1::DeleteSnapshotRequest& request) {
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotCall call,
                          ParseSnapshot(request.name(), "name", request.place(), parts.snapshots));
  ENGRAM_RETURN_IF_ERROR(call.store->Delete(call.name));
  LogInfo("snapshot deleted", {{"snapshot", call.name}, {"place", v1::SnapshotPlace_Name(call.place)}});
  return v1::DeleteSnapshotResponse();
}

}  // namespace engram
