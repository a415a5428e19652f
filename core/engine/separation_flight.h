#ifndef ENGRAM_CORE_ENGINE_SEPARATION_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_SEPARATION_FLIGHT_H_

#include <vector>

#include "core/engine/call.h"
#include "core/engine/flight.h"

namespace engram {

// Finds the pattern whose score at a stored pattern comes next after that pattern's own.
class SeparationFlight : public Flight {
 public:
  // `row` is a visible row of the bank. Writes to `result`, which must outlive this.
  SeparationFlight(const BankSnapshot& bank, RowRef row, PatternSeparation* result);

  absl::Span<const double> state() const override { return state_; }
  Cut NextCut(const BankSnapshot& bank) const override;
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                               const UpdateMeans& means) override;

 private:
  const RowRef row_;
  const std::vector<double> state_;
  PatternSeparation* const result_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_SEPARATION_FLIGHT_H_
