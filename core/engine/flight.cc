#include "core/engine/flight.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace engram {
namespace {

bool Equals(absl::Span<const float> pattern, absl::Span<const double> state) {
  return std::equal(pattern.begin(), pattern.end(), state.begin(), state.end(),
                    [](float x, double q) { return static_cast<double>(x) == q; });
}

}  // namespace

RetrievalFlight::RetrievalFlight(const RetrieveCall* call, absl::Span<const double> query, Retrieval* result)
    : call_(*call), result_(result), state_(query.begin(), query.end()) {}

bool RetrievalFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors) {
  ++result_->sweeps;
  StateUpdate update = ComputeStateUpdate(bank, call_.dynamics, survivors);
  std::optional<double> energy;
  if (call_.with_energy) energy = ComputeEnergy(bank, call_.dynamics, state_, update).total;
  if (only_energy_is_missing_) {
    result_->energy_after = energy;
    return true;
  }
  if (result_->iterations == 0) result_->energy_before = energy;
  if (!Stops(update)) {
    state_ = std::move(update.next);
    return false;
  }
  NoteRecalled(bank, update);
  if (call_.with_energy && result_->stop_reason != StopReason::kFixedPoint) {
    state_ = std::move(update.next);
    only_energy_is_missing_ = true;
    return false;
  }
  result_->energy_after = energy;
  return true;
}

bool RetrievalFlight::Stops(const StateUpdate& update) {
  double change = 0;
  double size = 1;
  for (size_t j = 0; j < state_.size(); ++j) {
    change = std::max(change, std::abs(update.next[j] - state_[j]));
    size = std::max(size, std::abs(update.next[j]));
  }
  ++result_->iterations;
  result_->residual = change;
  if (change == 0) {
    result_->stop_reason = StopReason::kFixedPoint;
  } else if (change <= call_.dynamics.tolerance * size) {
    result_->stop_reason = StopReason::kTolerance;
  } else if (result_->iterations >= call_.dynamics.max_iterations) {
    result_->stop_reason = StopReason::kLimit;
  } else {
    return false;
  }
  return true;
}

void RetrievalFlight::NoteRecalled(const BankSnapshot& bank, const StateUpdate& update) {
  result_->state = update.next;
  result_->value = CombineValues(bank, update);
  result_->support_size = static_cast<int64_t>(update.support.size());
  std::vector<size_t> order(update.support.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // The support is sorted by id, so the lower index has the lower id. One entry is needed in any case.
  const int64_t wanted = std::clamp<int64_t>(call_.max_support, 1, result_->support_size);
  std::partial_sort(order.begin(), order.begin() + wanted, order.end(), [&](size_t a, size_t b) {
    return update.weights[a] != update.weights[b] ? update.weights[a] > update.weights[b] : a < b;
  });
  result_->exact = result_->stop_reason == StopReason::kFixedPoint &&
                   Equals(bank.pattern(update.support[order[0]].row), result_->state);
  order.resize(std::min(call_.max_support, result_->support_size));
  for (const size_t i : order) {
    result_->support.push_back(update.support[i]);
    result_->weights.push_back(update.weights[i]);
  }
}

bool EnergyFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors) {
  *result_ = ComputeEnergy(bank, *dynamics_, state_, ComputeStateUpdate(bank, *dynamics_, survivors));
  return true;
}

}  // namespace engram
