#ifndef ENGRAM_CORE_ENGINE_STOP_RULE_H_
#define ENGRAM_CORE_ENGINE_STOP_RULE_H_

#include <optional>

#include "absl/types/span.h"
#include "core/transform/dynamics.h"

namespace engram {

// Why a retrieval stopped.
enum class StopReason {
  kFixedPoint,  // An update returned the same state.
  kTolerance,   // An update moved no component by more than the tolerance.
  kLimit,       // The iteration limit was reached.
};

// What one update, from one state to the next, decides.
struct StopDecision {
  std::optional<StopReason> reason;  // Unset: go on.
  double residual = 0;               // Largest absolute change of a component.
};

// Decides whether the `iterations`-th update, from `state` [D] to `next` [D], is the last.
StopDecision DecideStop(const Dynamics& dynamics, absl::Span<const double> state,
                        absl::Span<const double> next, int iterations);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_STOP_RULE_H_
