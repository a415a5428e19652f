#include "core/engine/trajectory.h"

#include <utility>

namespace engram {

void Trajectory::Add(std::vector<double> state, std::vector<Survivor> support, std::vector<double> weights) {
  member_count_ += static_cast<int64_t>(support.size());
  for (const Survivor& survivor : support) ids_.insert(survivor.id);
  updates_.push_back({std::move(state), std::move(support), std::move(weights)});
}

int64_t Trajectory::memory_bytes(const BankSnapshot& bank) const {
  constexpr auto kDouble = static_cast<int64_t>(sizeof(double));
  const int64_t states = static_cast<int64_t>(updates_.size()) * bank.settings().dim * kDouble;
  // Of each member also its id, when the gradient's ids are gathered.
  const int64_t members = member_count_ * (static_cast<int64_t>(sizeof(Survivor)) + 2 * kDouble);
  // A gradient, its id, and the id in a hash table at its emptiest.
  const int64_t gradients =
      static_cast<int64_t>(ids_.size()) * (bank.settings().dim + bank.settings().value_dim + 4) * kDouble;
  return states + members + gradients;
}

}  // namespace engram
