#include "core/engine/state_update.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/canonical.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/members.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

constexpr double kLargestFloat = std::numeric_limits<float>::max();

// sum_i p_i row(i) [dim] in canonical order: blocks of kSumBlock members, each summed sequentially, then the
// block sums in order.
std::vector<double> Combine(absl::Span<const Survivor> support, absl::Span<const double> weights, int64_t dim,
                            const std::function<absl::Span<const float>(RowRef)>& row) {
  const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
  std::vector<double> sum(dim, 0.0);
  std::vector<double> block(dim);
  for (size_t begin = 0; begin < support.size(); begin += kSumBlock) {
    const size_t end = std::min(begin + kSumBlock, support.size());
    std::fill(block.begin(), block.end(), 0.0);
    for (size_t i = begin; i < end; ++i) {
      arithmetic.add_scaled(weights[i], row(support[i].row).data(), block.data(), dim);
    }
    for (int64_t j = 0; j < dim; ++j) sum[j] += block[j];
  }
  return sum;
}

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

// The members with weight, by ascending id.
void TakeSupport(const Members& members, const std::vector<double>& weights, StateUpdate* update) {
  std::vector<size_t> order;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0) order.push_back(i);
  }
  const absl::Span<const Survivor> survivors = members.survivors();
  const auto before = [&](size_t a, size_t b) { return survivors[a].id < survivors[b].id; };
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
  update->support.reserve(order.size());
  update->weights.reserve(order.size());
  for (const size_t i : order) {
    update->support.push_back(survivors[i]);
    update->weights.push_back(weights[i]);
  }
}

}  // namespace

absl::StatusOr<StateUpdate> ComputeStateUpdate(const BankSnapshot& bank, const Dynamics& dynamics,
                                               SurvivorList* survivors) {
  const bool confined = IsConfined(dynamics.transform);
  const Members members(bank, dynamics, survivors);
  const Projection projection = Project(dynamics.transform, members.scores());
  StateUpdate update;
  update.duality_gap = projection.duality_gap;
  update.scaled_conjugate =
      TotalWeight(dynamics.transform) * members.reference() + projection.conjugate / dynamics.beta;
  if (confined && std::isfinite(Margin(dynamics.transform))) {
    update.lead =
        Lead(*survivors, WindowFor(dynamics.transform, bank.pattern_count()).rank, bank.pattern_count());
  }
  TakeSupport(members, projection.weights, &update);
  update.total_weight = confined ? TotalWeight(dynamics.transform) : BlockedSum(update.weights);
  const std::vector<double> combined = CombinePatterns(bank, update.support, update.weights);
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
                                    absl::Span<const double> weights) {
  return Combine(support, weights, bank.settings().dim, [&](RowRef row) { return bank.pattern(row); });
}

absl::StatusOr<std::vector<double>> RecallValue(const BankSnapshot& bank, const Dynamics& dynamics,
                                                const StateUpdate& update) {
  std::vector<double> value = Combine(update.support, update.weights, bank.settings().value_dim,
                                      [&](RowRef row) { return bank.value(row); });
  if (!FitFloats(value)) return OutOfRange(dynamics);
  return value;
}

}  // namespace engram
