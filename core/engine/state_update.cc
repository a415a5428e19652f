#include "core/engine/state_update.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/members.h"
#include "core/engine/weighted_sum.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

constexpr double kLargestFloat = std::numeric_limits<float>::max();

bool FitFloats(absl::Span<const double> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::abs(x) <= kLargestFloat; });
}

absl::Status OutOfRange(const Dynamics& dynamics) {
  const std::string field = absl::StrCat("dynamics.", NameOf(dynamics.transform));
  ErrorDetails details;
  details.reason = "STATE_OUT_OF_RANGE";
  details.field = field;
  details.metadata = {{"allowed", absl::StrCat(kLargestFloat)}};
  return MakeError(absl::StatusCode::kInvalidArgument, details,
                   absl::StrCat(field, ": an update gave weights or a state above ", kLargestFloat,
                                ", the range of float32; lower dynamics.beta, or ask for a "
                                "post-transformation that bounds the state"));
}

// By how much the score of `rank`, the last that can lead, leads the next one.
double Lead(const SurvivorList& descending, int64_t rank, int64_t pattern_count) {
  if (rank >= pattern_count) return std::numeric_limits<double>::infinity();
  return descending[rank - 1].score - descending[rank].score;
}

// Sorts `support` by ascending id, and `weights` with it.
void SortById(SurvivorList* support, std::vector<double>* weights) {
  const auto before = [](const Survivor& a, const Survivor& b) { return a.id < b.id; };
  if (std::is_sorted(support->begin(), support->end(), before)) return;
  std::vector<size_t> order(support->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return before((*support)[a], (*support)[b]); });
  // Place i gets what is at order[i]: in place, one cycle of the permutation after the other.
  for (size_t begin = 0; begin < order.size(); ++begin) {
    size_t i = begin;
    while (order[i] != begin) {
      std::swap((*support)[i], (*support)[order[i]]);
      std::swap((*weights)[i], (*weights)[order[i]]);
      i = std::exchange(order[i], i);
    }
    order[i] = i;
  }
}

// The members with weight, by ascending id: copies, or the survivors themselves.
void TakeSupport(const Members& members, std::vector<double> weights, bool may_take_survivors,
                 SurvivorList* survivors, StateUpdate* update) {
  const absl::Span<const Survivor> from = members.survivors();
  const absl::Span<const double> from_weights = weights;
  const size_t without = std::count(weights.begin(), weights.end(), 0.0);
  const size_t count = weights.size() - without;
  if (may_take_survivors) {
    // Both spans are still what they were.
    update->support = std::move(*survivors);
    update->weights = std::move(weights);
  }
  SurvivorList& support = update->support;
  support.resize(std::max(count, support.size()));
  update->weights.resize(std::max(count, update->weights.size()));
  size_t next = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from_weights[i] == 0) continue;
    support[next] = from[i];
    update->weights[next++] = from_weights[i];
  }
  support.resize(count);
  update->weights.resize(count);
  SortById(&support, &update->weights);
}

}  // namespace

absl::StatusOr<StateUpdate> ComputeStateUpdate(const BankSnapshot& bank, const Dynamics& dynamics,
                                               SurvivorList* survivors, const UpdateMeans& means) {
  const bool confined = IsConfined(dynamics.transform);
  const Members members(bank, dynamics, survivors);
  Projection projection = Project(dynamics.transform, members.scores());
  StateUpdate update;
  update.duality_gap = projection.duality_gap;
  update.scaled_conjugate =
      TotalWeight(dynamics.transform) * members.reference() + projection.conjugate / dynamics.beta;
  if (confined && std::isfinite(Margin(dynamics.transform))) {
    update.lead =
        Lead(*survivors, WindowFor(dynamics.transform, bank.pattern_count()).rank, bank.pattern_count());
  }
  TakeSupport(members, std::move(projection.weights), means.may_take_survivors, survivors, &update);
  update.total_weight = confined ? TotalWeight(dynamics.transform) : BlockedSum(update.weights);
  std::vector<double> combined(bank.settings().dim);
  if (means.sweeper == nullptr ||
      !means.sweeper->Combine(bank, update.support, update.weights, absl::MakeSpan(combined))) {
    combined = CombinePatterns(bank, update.support, update.weights, means.pool);
  }
  if (!confined && !(FitFloats(update.weights) && std::isfinite(update.scaled_conjugate) &&
                     std::isfinite(BlockedSum(combined)))) {
    return OutOfRange(dynamics);
  }
  update.next = Apply(dynamics.post_transform, combined, dynamics.beta);
  if (FitFloats(update.next)) return update;
  if (!confined) return OutOfRange(dynamics);
  return absl::InternalError(
      absl::StrCat(NameOf(dynamics.transform), ": an update gave a state that is not a number"));
}

std::vector<double> CombinePatterns(const BankSnapshot& bank, absl::Span<const Survivor> support,
                                    absl::Span<const double> weights, ThreadPool* pool) {
  return WeightedSum(
      support, weights, bank.settings().dim, [&](RowRef row) { return bank.pattern(row); }, pool);
}

absl::StatusOr<std::vector<double>> RecallValue(const BankSnapshot& bank, const Dynamics& dynamics,
                                                const StateUpdate& update, ThreadPool* pool) {
  std::vector<double> value = WeightedSum(
      update.support, update.weights, bank.settings().value_dim, [&](RowRef row) { return bank.value(row); },
      pool);
  if (!FitFloats(value)) return OutOfRange(dynamics);
  return value;
}

}  // namespace engram
