#include "core/engine/retrieval_flight.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/energy.h"
#include "core/engine/streamed_update.h"

namespace engram {
namespace {

// By how much, relative to a component, a state may miss what it was recalled from: copies of a pattern share
// its weight, and the sum of their shares rounds. Not for softmax, whose blends come as near as that.
double Rounding(const Transform& transform) {
  return std::holds_alternative<Softmax>(transform) ? 0 : 0x1p-46;
}

// Weights with a larger gap were not found: the work that may be spent on them is bounded.
constexpr double kLargestGap = 1e-6;

bool IsRecalled(absl::Span<const double> expected, absl::Span<const double> state, double rounding) {
  return std::equal(expected.begin(), expected.end(), state.begin(), state.end(),
                    [rounding](double x, double q) { return std::abs(q - x) <= rounding * std::abs(x); });
}

// The state that the `count` patterns of largest weight make up: the first of `order`, which indexes the
// support.
std::vector<double> StateOf(const BankSnapshot& bank, const Dynamics& dynamics, const StateUpdate& update,
                            const std::vector<size_t>& order, int64_t count) {
  const absl::Span<const float> pattern = bank.pattern(update.support[order[0]].row);
  if (count == 1) return {pattern.begin(), pattern.end()};
  std::vector<size_t> by_id(order.begin(), order.begin() + count);
  std::sort(by_id.begin(), by_id.end());
  std::vector<Survivor> chosen;
  for (const size_t i : by_id) chosen.push_back(update.support[i]);
  const std::vector<double> sum = CombinePatterns(bank, chosen, std::vector<double>(count, 1.0));
  return Apply(dynamics.post_transform, sum, dynamics.beta);
}

}  // namespace

RetrievalFlight::RetrievalFlight(const RetrieveCall* call, absl::Span<const double> query, Retrieval* result)
    : call_(*call), result_(result), state_(query.begin(), query.end()) {}

Cut RetrievalFlight::NextCut(const BankSnapshot& bank) const {
  return Cut(call_.dynamics.transform, call_.dynamics.beta, bank.pattern_count());
}

absl::StatusOr<bool> RetrievalFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors,
                                              const UpdateMeans& means) {
  ENGRAM_ASSIGN_OR_RETURN(StateUpdate update, ComputeStateUpdate(bank, call_.dynamics, survivors, means));
  return Take(bank, std::move(update),
              [&](const StateUpdate& last) { return NoteRecalled(bank, last, means.pool); });
}

std::optional<StreamState> RetrievalFlight::NextStream(const BankSnapshot& bank) const {
  if (!call_.fast || !std::holds_alternative<Softmax>(call_.dynamics.transform)) return std::nullopt;
  const Window window = WindowFor(call_.dynamics.transform, bank.pattern_count());
  StreamState next{state_, call_.dynamics.beta, window.width, bank.version()};
  // Any update may turn out to be the last, but the one that only an energy is missing of.
  if (only_energy_is_missing_) return next;
  next.most_members = bank.settings().value_dim > 0 ? StreamState::kAllMembers : call_.max_support;
  return next;
}

absl::StatusOr<bool> RetrievalFlight::AdvanceStream(const BankSnapshot& bank, const StreamedSoftmax& stream) {
  ENGRAM_ASSIGN_OR_RETURN(StateUpdate update, ComputeStreamedUpdate(call_.dynamics, stream));
  return Take(bank, std::move(update),
              [&](const StateUpdate& last) { return NoteStreamed(bank, last, stream); });
}

absl::StatusOr<bool> RetrievalFlight::Take(
    const BankSnapshot& bank, StateUpdate update,
    const std::function<absl::Status(const StateUpdate&)>& note_recalled) {
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
  ENGRAM_RETURN_IF_ERROR(note_recalled(update));
  if (call_.with_energy && result_->stop_reason != StopReason::kFixedPoint) {
    state_ = std::move(update.next);
    only_energy_is_missing_ = true;
    return false;
  }
  result_->energy_after = energy;
  return true;
}

bool RetrievalFlight::Stops(const StateUpdate& update) {
  ++result_->iterations;
  const StopDecision decision = DecideStop(call_.dynamics, state_, update.next, result_->iterations);
  result_->residual = decision.residual;
  if (decision.reason.has_value()) result_->stop_reason = *decision.reason;
  return decision.reason.has_value();
}

absl::Status RetrievalFlight::NoteRecalled(const BankSnapshot& bank, const StateUpdate& update,
                                           ThreadPool* pool) {
  const Dynamics& dynamics = call_.dynamics;
  result_->state = update.next;
  ENGRAM_ASSIGN_OR_RETURN(result_->value, RecallValue(bank, dynamics, update, pool));
  result_->support_size = static_cast<int64_t>(update.support.size());
  result_->total_weight = update.total_weight;
  if (std::holds_alternative<SequentialKSubsets>(dynamics.transform)) {
    result_->duality_gap = update.duality_gap;
  }
  // How many patterns an exact state is made of; more than that many may have weight, fewer cannot.
  const auto parts = std::max<int64_t>(1, std::llround(TotalWeight(dynamics.transform)));
  std::vector<size_t> order(update.support.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // The support is sorted by id, so the lower index has the lower id.
  const int64_t wanted = std::min(std::max(call_.max_support, parts), result_->support_size);
  std::partial_sort(order.begin(), order.begin() + wanted, order.end(), [&](size_t a, size_t b) {
    return update.weights[a] != update.weights[b] ? update.weights[a] > update.weights[b] : a < b;
  });
  result_->exact =
      result_->stop_reason == StopReason::kFixedPoint && result_->support_size >= parts &&
      update.duality_gap <= kLargestGap &&
      IsRecalled(StateOf(bank, dynamics, update, order, parts), result_->state, Rounding(dynamics.transform));
  const double margin = Margin(dynamics.transform);
  if (result_->exact && std::isfinite(margin)) {
    result_->separation = update.lead;
    result_->required_separation = margin / dynamics.beta;
  }
  order.resize(std::min(call_.max_support, result_->support_size));
  for (const size_t i : order) {
    result_->support.push_back(update.support[i]);
    result_->weights.push_back(update.weights[i]);
  }
  return absl::OkStatus();
}

absl::Status RetrievalFlight::NoteStreamed(const BankSnapshot& bank, const StateUpdate& update,
                                           const StreamedSoftmax& stream) {
  StreamedSupport streamed = TakeStreamedSupport(bank, call_.dynamics, stream, call_.max_support);
  result_->state = update.next;
  result_->value = RecallStreamedValue(bank, call_.dynamics, stream);
  result_->support = std::move(streamed.support);
  result_->weights = std::move(streamed.weights);
  result_->support_size = streamed.support_size;
  result_->total_weight = update.total_weight;
  result_->error_bound = StreamedErrorBound(call_.dynamics, stream, update.next);
  return absl::OkStatus();
}

}  // namespace engram
