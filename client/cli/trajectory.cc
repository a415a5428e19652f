#include "client/cli/trajectory.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

namespace engram::cli {
namespace {

void Append(absl::Span<const float> row, Rows* rows) {
  rows->values.insert(rows->values.end(), row.begin(), row.end());
}

absl::Span<const float> LastRow(const Rows& rows) { return rows.row(rows.count() - 1); }

// Adds one update to each of the trajectories in `running` and takes those that stopped out.
absl::Status Advance(const BankProbe& probe, const v1::Dynamics& one_update,
                     std::vector<Trajectory*>* running) {
  Rows states{probe.bank().dim(), {}};
  for (const Trajectory* trajectory : *running) Append(LastRow(trajectory->states), &states);
  const absl::StatusOr<Recalled> recalled = probe.Retrieve(states, one_update, {});
  if (!recalled.ok()) return recalled.status();
  std::vector<Trajectory*> still_running;
  for (size_t i = 0; i < running->size(); ++i) {
    const v1::Retrieval& retrieval = recalled->retrievals[i];
    Trajectory* trajectory = (*running)[i];
    if (trajectory->energies.empty()) trajectory->energies.push_back(retrieval.energy_before());
    trajectory->energies.push_back(retrieval.energy_after());
    Append(recalled->states.row(static_cast<int64_t>(i)), &trajectory->states);
    trajectory->stop_reason = retrieval.stop_reason();
    if (retrieval.stop_reason() == v1::STOP_REASON_LIMIT) still_running.push_back(trajectory);
  }
  *running = std::move(still_running);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Trajectory>> FollowQueries(const BankProbe& probe, const Rows& queries) {
  std::vector<Trajectory> trajectories(static_cast<size_t>(queries.count()));
  std::vector<Trajectory*> running;
  for (size_t i = 0; i < trajectories.size(); ++i) {
    trajectories[i].states.cols = queries.cols;
    Append(queries.row(static_cast<int64_t>(i)), &trajectories[i].states);
    running.push_back(&trajectories[i]);
  }
  v1::Dynamics one_update = probe.dynamics();
  one_update.set_max_iterations(1);
  for (int update = 0; update < probe.dynamics().max_iterations() && !running.empty(); ++update) {
    if (const absl::Status status = Advance(probe, one_update, &running); !status.ok()) return status;
  }
  return trajectories;
}

Json EnergiesJson(const Trajectory& trajectory) {
  Json json = Json::array();
  for (double energy : trajectory.energies) json.push_back(NumberJson(energy));
  return json;
}

}  // namespace engram::cli
