#include "core/engine/stop_rule.h"

#include <algorithm>
#include <cmath>

namespace engram {

StopDecision DecideStop(const Dynamics& dynamics, absl::Span<const double> state,
                        absl::Span<const double> next, int iterations) {
  StopDecision decision;
  double size = 1;
  for (size_t j = 0; j < state.size(); ++j) {
    decision.residual = std::max(decision.residual, std::abs(next[j] - state[j]));
    size = std::max(size, std::abs(next[j]));
  }
  if (decision.residual == 0) {
    decision.reason = StopReason::kFixedPoint;
  } else if (decision.residual <= dynamics.tolerance * size) {
    decision.reason = StopReason::kTolerance;
  } else if (iterations >= dynamics.max_iterations) {
    decision.reason = StopReason::kLimit;
  }
  return decision;
}

}  // namespace engram
