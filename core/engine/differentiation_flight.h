#ifndef ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_

#include <vector>

#include "core/engine/call.h"
#include "core/engine/flight.h"
#include "core/engine/trajectory.h"

namespace engram {

// Runs max_iterations updates from a query, remembers them, and then goes back through them.
class DifferentiationFlight : public Flight {
 public:
  // `cotangent` [D] is that of the final state, `value_cotangent` [V] that of its value, empty for none.
  // Writes to `result`, which must outlive this, as must `call`, which owns all the spans.
  DifferentiationFlight(const DifferentiateCall* call, absl::Span<const double> query,
                        absl::Span<const double> cotangent, absl::Span<const double> value_cotangent,
                        RetrievalGradient* result);

  absl::Span<const double> state() const override { return state_; }
  Cut NextCut(const BankSnapshot& bank) const override;
  // RESOURCE_EXHAUSTED: the trajectory is larger than the call allows.
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors) override;

 private:
  const DifferentiateCall& call_;
  const absl::Span<const double> cotangent_;
  const absl::Span<const double> value_cotangent_;
  RetrievalGradient* const result_;
  std::vector<double> state_;
  Trajectory trajectory_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_
