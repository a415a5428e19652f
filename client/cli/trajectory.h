#ifndef ENGRAM_CLIENT_CLI_TRAJECTORY_H_
#define ENGRAM_CLIENT_CLI_TRAJECTORY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/bank_probe.h"
#include "client/cli/output.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// The states that a query runs through, itself first, and their energies.
struct Trajectory {
  Rows states;
  std::vector<double> energies;
  v1::StopReason stop_reason = v1::STOP_REASON_UNSPECIFIED;
};

// Follows each query under the probe's dynamics until it stops, update by update. States are rounded to
// float32 between updates, so a trajectory may stop one update earlier or later than a retrieval.
absl::StatusOr<std::vector<Trajectory>> FollowQueries(const BankProbe& probe, const Rows& queries);

// The energies [updates + 1].
Json EnergiesJson(const Trajectory& trajectory);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_TRAJECTORY_H_
