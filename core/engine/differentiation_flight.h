#ifndef ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_

#include <optional>
#include <vector>

#include "core/engine/backward_pass.h"
#include "core/engine/flight.h"
#include "core/engine/trajectory.h"
#include "core/engine/trajectory_memory.h"

namespace engram {

// Runs max_iterations updates from a query, remembers them, and then goes back through them, in several turns
// if they are many.
class DifferentiationFlight : public Flight {
 public:
  // `cotangent` [D] is that of the final state, `value_cotangent` [V] that of its value, empty for none.
  // Writes to `result`, which must outlive this, as must `call`, which owns all the spans.
  DifferentiationFlight(const DifferentiateCall* call, absl::Span<const double> query,
                        absl::Span<const double> cotangent, absl::Span<const double> value_cotangent,
                        TrajectoryMemory* memory, RetrievalGradient* result);

  absl::Span<const double> state() const override { return state_; }
  Cut NextCut(const BankSnapshot& bank) const override;
  // RESOURCE_EXHAUSTED: there is no memory for the trajectory. INVALID_ARGUMENT: a gradient overflows.
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                               const UpdateMeans& means) override;

 private:
  // Makes the next update and adds it to the trajectory.
  absl::Status Remember(const BankSnapshot& bank, SurvivorList* survivors, ThreadPool* pool);

  const DifferentiateCall& call_;
  const absl::Span<const double> cotangent_;
  const absl::Span<const double> value_cotangent_;
  RetrievalGradient* const result_;
  std::vector<double> state_;
  TrajectoryMemory::Share memory_;
  Trajectory trajectory_;
  std::optional<BackwardPass> backward_;  // Set once the last update is made.
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_DIFFERENTIATION_FLIGHT_H_
