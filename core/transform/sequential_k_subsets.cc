#include "core/transform/sequential_k_subsets.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/sequence.h"
#include "core/transform/sequence_solver.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Indices of scores, by position.
std::vector<size_t> InOrder(const OrderedScores& scores, size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return scores.positions[a] < scores.positions[b]; });
  return order;
}

bool AreNeighbours(const OrderedScores& scores, size_t before, size_t after) {
  return scores.positions[after] - scores.positions[before] == 1;
}

// The scores that can have weight, as a chain, and where they stand.
struct ChainMembers {
  SequenceChain chain;
  std::vector<size_t> order;
};

// Scores are taken about theta_(k), which moves all sequences alike. Those that lead theta_(k+1) by more than
// 1 + 2 |edge| have weight 1 whatever they are, by the argument of the window with i and j exchanged, so they
// may be cut there: then nothing is large but what the edge makes count.
ChainMembers ChainMembersOf(const OrderedScores& scores, int64_t k, double edge) {
  const double kth = scores.theta[k - 1];
  const double width = 1 + 2 * std::abs(edge);
  size_t count = edge == kInfinity ? scores.theta.size() : k;
  while (count < scores.theta.size() && scores.theta[count] - kth > -width) ++count;
  const bool is_all = count == static_cast<size_t>(k);
  const double most = is_all ? 0 : (scores.theta[k] - kth) + width + 1;
  ChainMembers members;
  members.order = InOrder(scores, count);
  members.chain.k = k;
  double lowest = 0;
  double highest = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = members.order[i];
    const double score = std::min(scores.theta[at] - kth, most);
    members.chain.scores.push_back(score);
    members.chain.joined.push_back(i > 0 && AreNeighbours(scores, members.order[i - 1], at));
    lowest = std::min(lowest, score);
    highest = std::max(highest, score);
  }
  // Beyond this the number of pairs comes first, and more makes no difference.
  const double limit = static_cast<double>(k) * (highest - lowest + 2);
  members.chain.edge = std::clamp(edge, -limit, limit);
  return members;
}

SequenceSolver::Sequences SequencesFor(double edge) {
  return edge == kInfinity ? SequenceSolver::Sequences::kWindows : SequenceSolver::Sequences::kAll;
}

}  // namespace

absl::StatusOr<SequentialKSubsets> SequentialKSubsets::Make(int64_t k, double edge) {
  const absl::StatusOr<KSubsets> subsets = KSubsets::Make(k);
  if (!subsets.ok()) return subsets.status();
  // Written so that NaN fails.
  if (!(std::abs(edge) <= kMaxEdge || edge == kInfinity)) {
    return InvalidField("edge", absl::StrCat(edge),
                        absl::StrCat("-", kMaxEdge, " to ", kMaxEdge, ", or +infinity"));
  }
  return SequentialKSubsets(*subsets, edge);
}

absl::Status SequentialKSubsets::ValidateFor(int64_t pattern_count) const {
  const absl::Status status = subsets_.ValidateFor(pattern_count);
  if (!status.ok() || pattern_count <= kMaxCells / k()) return status;
  return InvalidField(
      "k", absl::StrCat(k()),
      absl::StrCat("at most ", kMaxCells / pattern_count, " for a bank of ", pattern_count, " patterns"));
}

Window SequentialKSubsets::WindowFor(int64_t) const { return {k(), 1 + 2 * std::abs(edge_)}; }

double SequentialKSubsets::margin() const { return edge_ == 0 ? subsets_.margin() : kInfinity; }

double SequentialKSubsets::CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const {
  return lower_bounds[k() - 1] - WindowFor(pattern_count).width;
}

Projection SequentialKSubsets::Project(const OrderedScores& scores) const {
  assert(static_cast<int64_t>(scores.theta.size()) >= k() && scores.theta.size() == scores.positions.size());
  Projection projection;
  projection.weights.resize(scores.theta.size());
  if (ProjectAsSubsets(scores, absl::MakeSpan(projection.weights))) {
    projection.conjugate = subsets_.Conjugate(scores.theta, projection.weights);
    return projection;
  }
  ChainMembers members = ChainMembersOf(scores, k(), edge_);
  const SequenceSolver solver(std::move(members.chain), SequencesFor(edge_));
  const double kth = scores.theta[k() - 1];
  double inner = edge_ == kInfinity ? 0 : edge_ * solver.pairs();
  for (size_t i = 0; i < members.order.size(); ++i) {
    const size_t at = members.order[i];
    const double weight = solver.mean()[i];
    projection.weights[at] = weight;
    if (weight > 0) inner += weight * (scores.theta[at] - kth);
  }
  projection.conjugate = total_weight() * kth + (inner - subsets_.Negentropy(projection.weights));
  projection.duality_gap = solver.duality_gap();
  return projection;
}

double SequentialKSubsets::Negentropy(const OrderedScores& scores) const {
  std::vector<double> weights(scores.theta.size());
  if (ProjectAsSubsets(scores, absl::MakeSpan(weights))) return subsets_.Negentropy(weights);
  ChainMembers members = ChainMembersOf(scores, k(), edge_);
  const SequenceSolver solver(std::move(members.chain), SequencesFor(edge_));
  const double subsets = subsets_.Negentropy(solver.mean());
  return edge_ == kInfinity ? subsets : subsets - edge_ * solver.pairs();
}

double SequentialKSubsets::UniformNegentropy(int64_t pattern_count) const {
  return subsets_.UniformNegentropy(pattern_count);
}

void SequentialKSubsets::JacobianProduct(const OrderedScores& scores, absl::Span<const double> weights,
                                         absl::Span<const double> v, absl::Span<double> product) const {
  // What has no weight adds nothing: the sequences of p are those of its support.
  std::vector<size_t> support;
  std::vector<double> theta;
  std::vector<int64_t> positions;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0)) continue;
    support.push_back(i);
    theta.push_back(scores.theta[i]);
    positions.push_back(scores.positions[i]);
  }
  const OrderedScores of_support = {theta, positions};
  std::vector<double> support_weights(support.size());
  if (ProjectAsSubsets(of_support, absl::MakeSpan(support_weights))) {
    subsets_.JacobianProduct(scores.theta, weights, v, product);
    return;
  }
  ChainMembers members = ChainMembersOf(of_support, k(), edge_);
  const SequenceSolver solver(std::move(members.chain), SequencesFor(edge_));
  std::vector<double> chain_v;
  for (const size_t at : members.order) chain_v.push_back(v[support[at]]);
  std::vector<double> chain_product(chain_v.size());
  solver.ProjectOnDifferences(chain_v, absl::MakeSpan(chain_product));
  std::fill(product.begin(), product.end(), 0.0);
  for (size_t i = 0; i < members.order.size(); ++i) product[support[members.order[i]]] = chain_product[i];
}

bool SequentialKSubsets::ProjectAsSubsets(const OrderedScores& scores, absl::Span<double> weights) const {
  if (edge_ == kInfinity && k() > 1) return false;
  const std::vector<size_t> order = InOrder(scores, scores.theta.size());
  bool has_neighbours = false;
  for (size_t i = 1; i < order.size(); ++i) has_neighbours |= AreNeighbours(scores, order[i - 1], order[i]);
  const bool is_indifferent = edge_ == 0 || k() == 1 || !has_neighbours;
  if (!is_indifferent && edge_ > 0) return false;
  subsets_.Project(scores.theta, weights);
  if (is_indifferent) return true;
  // The hull has e(p) >= 0, and where no two neighbours weigh more than 1 together it holds p without a pair:
  // the constraints 0 <= p <= 1, p_i + p_{i+1} <= 1 and sum p = k are intervals of positions, whose matrix is
  // totally unimodular, so that their polytope has integral vertices.
  for (size_t i = 1; i < order.size(); ++i) {
    if (AreNeighbours(scores, order[i - 1], order[i]) && weights[order[i - 1]] + weights[order[i]] > 1) {
      return false;
    }
  }
  return true;
}

}  // namespace engram
