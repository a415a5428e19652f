#ifndef ENGRAM_CLIENT_CLI_SNAPSHOT_REPORT_H_
#define ENGRAM_CLIENT_CLI_SNAPSHOT_REPORT_H_

#include <vector>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "engram/v1/snapshot.pb.h"

namespace engram::cli {

// Snapshots, one a line.
Table SnapshotTable(const std::vector<v1::Snapshot>& snapshots);

// All about one snapshot but its banks, one property a line.
Table SnapshotDetails(const v1::Snapshot& snapshot);

// The banks of a snapshot, one a line.
Table SnapshotBankTable(const v1::Snapshot& snapshot);

// Without banks, as in a list.
Json SnapshotJson(const v1::Snapshot& snapshot);

Json SnapshotWithBanksJson(const v1::Snapshot& snapshot);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SNAPSHOT_REPORT_H_
