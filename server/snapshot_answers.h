#ifndef ENGRAM_SERVER_SNAPSHOT_ANSWERS_H_
#define ENGRAM_SERVER_SNAPSHOT_ANSWERS_H_

#include "absl/status/statusor.h"
#include "engram/v1/snapshot.pb.h"
#include "server/service_parts.h"

namespace engram {

// The RPCs on snapshots that answer when they return.

absl::StatusOr<v1::GetSnapshotResponse> AnswerGetSnapshot(const ServiceParts& parts,
                                                          const v1::GetSnapshotRequest& request);
absl::StatusOr<v1::ListSnapshotsResponse> AnswerListSnapshots(const ServiceParts& parts,
                                                              const v1::ListSnapshotsRequest& request);
absl::StatusOr<v1::DeleteSnapshotResponse> AnswerDeleteSnapshot(const ServiceParts& parts,
                                                                const v1::DeleteSnapshotRequest& request);

}  // namespace engram

#endif  // ENGRAM_SERVER_SNAPSHOT_ANSWERS_H_
