#include "core/engine/energy.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether Omega is 0 at the vertices that X^T p is bounded by, and the state is such an X^T p.
bool HasBounds(const Dynamics& dynamics) {
  if (!IsConfined(dynamics.transform) || !std::holds_alternative<IdentityPost>(dynamics.post_transform)) {
    return false;
  }
  if (const auto* subsets = std::get_if<SequentialKSubsets>(&dynamics.transform)) return subsets->edge() == 0;
  return !std::holds_alternative<ConstrainedSparsemax>(dynamics.transform);
}

}  // namespace

StateEnergy ComputeEnergy(const BankSnapshot& bank, const Dynamics& dynamics, absl::Span<const double> state,
                          const StateUpdate& update) {
  const double radius = TotalWeight(dynamics.transform) * bank.largest_norm();
  const double uniform = UniformNegentropy(dynamics.transform, bank.pattern_count()) / dynamics.beta;
  const double uniform_total = UniformTotalWeight(dynamics.transform, bank.pattern_count());
  const double potential = Potential(dynamics.post_transform, state, dynamics.beta);
  double mean_squared = 0;   // |X^T u|^2
  double state_by_mean = 0;  // <q, X^T u>
  double deviation_squared = 0;
  double gradient_squared = 0;
  for (size_t j = 0; j < state.size(); ++j) {
    const double mean = uniform_total * bank.mean()[j];
    mean_squared += mean * mean;
    state_by_mean += state[j] * mean;
    deviation_squared += (state[j] - mean) * (state[j] - mean);
    gradient_squared += (state[j] - update.next[j]) * (state[j] - update.next[j]);
  }
  StateEnergy energy;
  energy.offset = -uniform + radius * radius / 2;
  energy.total = (potential - update.scaled_conjugate) + energy.offset;
  // L_Omega(theta; u) / beta = (Omega(u) + Omega*(theta) - <theta, u>) / beta, and <theta, u> = beta <q, X^T
  // u>.
  energy.concave = -(uniform + update.scaled_conjugate - state_by_mean);
  // |q|^2 / 2 - <q, X^T u> without its cancellation.
  energy.convex = std::holds_alternative<IdentityPost>(dynamics.post_transform)
                      ? deviation_squared / 2 + (radius * radius - mean_squared) / 2
                      : potential - state_by_mean + radius * radius / 2;
  energy.gradient_norm = std::sqrt(gradient_squared);
  energy.upper_bound = HasBounds(dynamics) ? std::min(2 * radius * radius, energy.offset) : kInfinity;
  return energy;
}

}  // namespace engram
