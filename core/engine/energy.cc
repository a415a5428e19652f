#include "core/engine/energy.h"

#include <algorithm>
#include <cmath>

#include "core/transform/transform_list.h"

namespace engram {

StateEnergy ComputeEnergy(const BankSnapshot& bank, const Dynamics& dynamics, absl::Span<const double> state,
                          const StateUpdate& update) {
  const double total_weight = TotalWeight(dynamics.transform);
  const double radius = total_weight * bank.largest_norm();
  const double uniform = UniformNegentropy(dynamics.transform, bank.pattern_count()) / dynamics.beta;
  double state_squared = 0;
  double mean_squared = 0;   // |X^T u|^2
  double state_by_mean = 0;  // <q, X^T u>
  double deviation_squared = 0;
  double gradient_squared = 0;
  for (size_t j = 0; j < state.size(); ++j) {
    const double mean = total_weight * bank.mean()[j];
    state_squared += state[j] * state[j];
    mean_squared += mean * mean;
    state_by_mean += state[j] * mean;
    deviation_squared += (state[j] - mean) * (state[j] - mean);
    gradient_squared += (state[j] - update.next[j]) * (state[j] - update.next[j]);
  }
  StateEnergy energy;
  energy.offset = -uniform + radius * radius / 2;
  energy.total = (state_squared / 2 - update.scaled_conjugate) + energy.offset;
  // L_Omega(theta; u) / beta = (Omega(u) + Omega*(theta) - <theta, u>) / beta, and <theta, u> = beta <q, X^T
  // u>.
  energy.concave = -(uniform + update.scaled_conjugate - state_by_mean);
  energy.convex = deviation_squared / 2 + (radius * radius - mean_squared) / 2;
  energy.gradient_norm = std::sqrt(gradient_squared);
  energy.upper_bound = std::min(2 * radius * radius, energy.offset);
  return energy;
}

}  // namespace engram
