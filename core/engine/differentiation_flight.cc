#include "core/engine/differentiation_flight.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/members.h"
#include "core/engine/state_update.h"

namespace engram {
DifferentiationFlight::DifferentiationFlight(const DifferentiateCall* call, absl::Span<const double> query,
                                             absl::Span<const double> cotangent,
                                             absl::Span<const double> value_cotangent,
                                             TrajectoryMemory* memory, RetrievalGradient* result)
    : call_(*call),
      cotangent_(cotangent),
      value_cotangent_(value_cotangent),
      result_(result),
      state_(query.begin(), query.end()),
      memory_(memory) {}

Cut DifferentiationFlight::NextCut(const BankSnapshot& bank) const {
  return Cut(call_.dynamics.transform, call_.dynamics.beta, bank.pattern_count());
}

absl::StatusOr<bool> DifferentiationFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors,
                                                    const UpdateMeans& means) {
  if (!backward_.has_value()) {
    ENGRAM_RETURN_IF_ERROR(Remember(bank, survivors, means.pool));
    if (static_cast<int>(trajectory_.updates().size()) < call_.dynamics.max_iterations) return false;
    backward_.emplace(bank, call_.dynamics, trajectory_, cotangent_, value_cotangent_);
  }
  if (!backward_->Continue()) return false;
  ENGRAM_ASSIGN_OR_RETURN(*result_, backward_->Finish());
  return true;
}

absl::Status DifferentiationFlight::Remember(const BankSnapshot& bank, SurvivorList* survivors,
                                             ThreadPool* pool) {
  // Copies: the trajectory keeps the support, and has room for no more than that.
  ENGRAM_ASSIGN_OR_RETURN(StateUpdate update,
                          ComputeStateUpdate(bank, call_.dynamics, survivors, {pool, false}));
  if (!IsConfined(call_.dynamics.transform)) {
    // A pattern without weight may still have a slope.
    const Members members(bank, call_.dynamics, survivors);
    update.support = *survivors;
    update.weights = Project(call_.dynamics.transform, members.scores()).weights;
  }
  trajectory_.Add(std::move(state_), std::move(update.support), std::move(update.weights));
  state_ = std::move(update.next);
  return memory_.GrowTo(trajectory_.memory_bytes(bank));
}

}  // namespace engram
