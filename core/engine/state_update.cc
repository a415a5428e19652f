#include "core/engine/state_update.h"

#include <algorithm>
#include <cassert>
#include <functional>

#include "core/base/canonical.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

// The order in which projections visit survivors: ties go to the lower id. A type, so that sorting inlines
// it.
struct BeforeInProjection {
  bool operator()(const Survivor& a, const Survivor& b) const {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  }
};

// sum_i p_i row(i) [dim] in canonical order: blocks of kSumBlock members, each summed sequentially, then the
// block sums in order. REQUIRES: `update` is sorted by id.
std::vector<double> Combine(const StateUpdate& update, int64_t dim,
                            const std::function<absl::Span<const float>(RowRef)>& row) {
  const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
  std::vector<double> sum(dim, 0.0);
  std::vector<double> block(dim);
  for (size_t begin = 0; begin < update.support.size(); begin += kSumBlock) {
    const size_t end = std::min(begin + kSumBlock, update.support.size());
    std::fill(block.begin(), block.end(), 0.0);
    for (size_t i = begin; i < end; ++i) {
      arithmetic.add_scaled(update.weights[i], row(update.support[i].row).data(), block.data(), dim);
    }
    for (int64_t j = 0; j < dim; ++j) sum[j] += block[j];
  }
  return sum;
}

}  // namespace

StateUpdate ComputeStateUpdate(const BankSnapshot& bank, const Dynamics& dynamics, SurvivorList* survivors) {
  std::sort(survivors->begin(), survivors->end(), BeforeInProjection());
  const Window window = WindowFor(dynamics.transform, bank.pattern_count());
  assert(static_cast<int64_t>(survivors->size()) >= window.rank);

  // Scores relative to the one that the window hangs from: numbers of order 1 where the weights are, however
  // large the scores.
  const double reference = (*survivors)[window.rank - 1].score;
  std::vector<double> scores;
  scores.reserve(survivors->size());
  for (const Survivor& survivor : *survivors) {
    const double score = dynamics.beta * (survivor.score - reference);
    if (score <= -window.width) break;
    scores.push_back(score);
  }
  std::vector<double> weights(scores.size());
  Project(dynamics.transform, scores, absl::MakeSpan(weights));

  StateUpdate update;
  update.scaled_conjugate = TotalWeight(dynamics.transform) * reference +
                            Conjugate(dynamics.transform, scores, weights) / dynamics.beta;
  std::vector<size_t> order;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return (*survivors)[a].id < (*survivors)[b].id; });
  update.support.reserve(order.size());
  update.weights.reserve(order.size());
  for (const size_t i : order) {
    update.support.push_back((*survivors)[i]);
    update.weights.push_back(weights[i]);
  }
  update.next = Combine(update, bank.settings().dim, [&](RowRef row) { return bank.pattern(row); });
  return update;
}

std::vector<double> CombineValues(const BankSnapshot& bank, const StateUpdate& update) {
  return Combine(update, bank.settings().value_dim, [&](RowRef row) { return bank.value(row); });
}

}  // namespace engram
