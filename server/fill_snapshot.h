#ifndef ENGRAM_SERVER_FILL_SNAPSHOT_H_
#define ENGRAM_SERVER_FILL_SNAPSHOT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/storage/snapshot_store.h"
#include "engram/v1/snapshot.pb.h"
#include "server/limits.h"

namespace engram {

// With its banks.
v1::Snapshot FillSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place);

v1::SnapshotProgress FillProgress(int64_t done_bytes, int64_t total_bytes);

// What a call that made a snapshot answers, without the banks if a message cannot take them: the snapshot is
// there, and may be asked for.
v1::CreateSnapshotResponse FillCreateSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place,
                                              const Limits& limits);

// RESOURCE_EXHAUSTED: the response would be larger than a message may be.
absl::StatusOr<v1::GetSnapshotResponse> FillGetSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place,
                                                        const Limits& limits);

// In the order of `snapshots`. RESOURCE_EXHAUSTED: the response would be larger than a message may be.
absl::StatusOr<v1::ListSnapshotsResponse> FillListSnapshots(const std::vector<SnapshotInfo>& snapshots,
                                                            v1::SnapshotPlace place, const Limits& limits);

// As many findings as a message can take, the last of which says how many more there are.
v1::VerifySnapshotResponse FillVerifySnapshot(const std::vector<std::string>& findings, const Limits& limits);

}  // namespace engram

#endif  // ENGRAM_SERVER_FILL_SNAPSHOT_H_
