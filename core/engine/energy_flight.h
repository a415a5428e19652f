#ifndef ENGRAM_CORE_ENGINE_ENERGY_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_ENERGY_FLIGHT_H_

#include <vector>

#include "core/base/status_macros.h"
#include "core/engine/call.h"
#include "core/engine/energy.h"
#include "core/engine/flight.h"
#include "core/engine/state_update.h"

namespace engram {

// Evaluates the energy of a state.
class EnergyFlight : public Flight {
 public:
  // Writes to `result`, which must outlive this, as must `call`.
  EnergyFlight(const Call* call, absl::Span<const double> state, StateEnergy* result)
      : dynamics_(call->dynamics), state_(state.begin(), state.end()), result_(result) {}

  absl::Span<const double> state() const override { return state_; }
  Cut NextCut(const BankSnapshot& bank) const override {
    return Cut(dynamics_.transform, dynamics_.beta, bank.pattern_count());
  }
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                               const UpdateMeans& means) override {
    ENGRAM_ASSIGN_OR_RETURN(const StateUpdate update, ComputeStateUpdate(bank, dynamics_, survivors, means));
    *result_ = ComputeEnergy(bank, dynamics_, state_, update);
    return true;
  }

 private:
  const Dynamics& dynamics_;
  const std::vector<double> state_;
  StateEnergy* const result_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ENERGY_FLIGHT_H_
