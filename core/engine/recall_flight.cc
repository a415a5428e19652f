#include "core/engine/recall_flight.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"

namespace engram {
namespace {

// What rounding may leave of a bound, per pattern.
constexpr double kLeastBound = 1e-12;

// Of the update that turns away. A pair is two patterns in a row and their plain sum.
Dynamics TurnDynamics(const RecallPlan& plan) {
  if (plan.mode != RecallMode::kSequential) return plan.dynamics;
  Dynamics dynamics = plan.dynamics;
  dynamics.transform = PairOfNeighbours();
  dynamics.post_transform = IdentityPost();
  return dynamics;
}

}  // namespace

RecallFlight::RecallFlight(Recall* recall, Memory* result)
    : recall_(*recall),
      result_(result),
      turn_(TurnDynamics(recall->plan_)),
      dynamics_(recall->plan_.dynamics),
      turning_(recall->plan_.mode != RecallMode::kUsedUp) {
  if (recall_.plan_.mode == RecallMode::kUsedUp) {
    dynamics_.transform = *ConstrainedSparsemax::Make(recall_.upper_);
  }
}

Cut RecallFlight::NextCut(const BankSnapshot& bank) const {
  // Penalties may bring any row to the top.
  return turning_ ? Cut::Everything() : Cut(dynamics_.transform, dynamics_.beta, bank.pattern_count());
}

absl::StatusOr<bool> RecallFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors,
                                           const UpdateMeans& means) {
  if (turning_) {
    turning_ = false;
    ENGRAM_RETURN_IF_ERROR(TurnAway(survivors, means));
    return false;
  }
  ENGRAM_ASSIGN_OR_RETURN(StateUpdate update, ComputeStateUpdate(bank, dynamics_, survivors, means));
  ++result_->iterations;
  const StopDecision decision = DecideStop(dynamics_, recall_.state_, update.next, result_->iterations);
  recall_.state_ = update.next;
  if (!decision.reason.has_value()) return false;
  result_->stop_reason = *decision.reason;
  ENGRAM_RETURN_IF_ERROR(NoteRecalled(std::move(update), means.pool));
  return true;
}

absl::Status RecallFlight::TurnAway(SurvivorList* survivors, const UpdateMeans& means) {
  const BankSnapshot& bank = recall_.bank_;
  if (!recall_.penalties_.empty()) {
    for (Survivor& survivor : *survivors) {
      survivor.score -= recall_.plan_.strength * recall_.penalties_[bank.by_id().PositionOf(survivor.id)];
    }
  }
  ENGRAM_ASSIGN_OR_RETURN(const StateUpdate update, ComputeStateUpdate(bank, turn_, survivors, means));
  ++result_->iterations;
  if (recall_.plan_.mode == RecallMode::kPenalty) {
    AddToPenalties(Scatter(update));
    recall_.state_ = update.next;
    return absl::OkStatus();
  }
  pair_ = Scatter(update);
  for (size_t j = 0; j < recall_.state_.size(); ++j) recall_.state_[j] = update.next[j] - recall_.state_[j];
  return absl::OkStatus();
}

absl::Status RecallFlight::NoteRecalled(StateUpdate update, ThreadPool* pool) {
  const size_t best = std::max_element(update.weights.begin(), update.weights.end()) - update.weights.begin();
  result_->id = update.support[best].id;
  result_->weight = update.weights[best];
  result_->support_size = static_cast<int64_t>(update.support.size());
  ENGRAM_ASSIGN_OR_RETURN(result_->value, RecallValue(recall_.bank_, dynamics_, update, pool));
  result_->state = std::move(update.next);
  ++recall_.memory_count_;
  std::vector<double> weights = Scatter(update);
  switch (recall_.plan_.mode) {
    case RecallMode::kUsedUp:
      for (size_t i = 0; i < weights.size(); ++i) {
        const double left = recall_.upper_[i] - weights[i];
        recall_.upper_[i] = left > kLeastBound ? left : 0;
      }
      recall_.exhausted_ = !ConstrainedSparsemax::Make(recall_.upper_).ok();
      break;
    case RecallMode::kPenalty:
      break;  // Was added when the state turned away.
    case RecallMode::kSequential:
      for (size_t i = 0; i < weights.size(); ++i) {
        pair_[i] -= recall_.plan_.bonus * weights[i];
      }
      AddToPenalties(pair_);
      break;
  }
  return absl::OkStatus();
}

std::vector<double> RecallFlight::Scatter(const StateUpdate& update) const {
  std::vector<double> weights(recall_.bank_.pattern_count(), 0.0);
  for (size_t i = 0; i < update.support.size(); ++i) {
    weights[recall_.bank_.by_id().PositionOf(update.support[i].id)] = update.weights[i];
  }
  return weights;
}

void RecallFlight::AddToPenalties(const std::vector<double>& weights) {
  const double decay = recall_.plan_.decay;
  if (recall_.penalties_.empty()) recall_.penalties_.assign(weights.size(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    recall_.penalties_[i] = decay * weights[i] + (1 - decay) * recall_.penalties_[i];
  }
}

}  // namespace engram
