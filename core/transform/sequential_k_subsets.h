#ifndef ENGRAM_CORE_TRANSFORM_SEQUENTIAL_K_SUBSETS_H_
#define ENGRAM_CORE_TRANSFORM_SEQUENTIAL_K_SUBSETS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/k_subsets.h"
#include "core/transform/ordered_scores.h"
#include "core/transform/projection.h"
#include "core/transform/window.h"

namespace engram {

// SparseMAP on sequential k-subsets: subsets of k patterns, in which each pair of neighbours that are both
// selected scores `edge` on top,
//
//   p = argmax <p, theta> - Omega(p),   Omega(p) = (|p|^2 - k) / 2 - edge e(p)
//
// on the hull of the sequences y in {0,1}^N with k ones, where e(y) counts i with y_i = y_{i+1} = 1 and e(p)
// is its expectation over that mixture of sequences with mean p which makes edge e(p) largest. edge = 0 is
// k-subsets; edge > 0 draws neighbours together, edge < 0 keeps them apart. At edge = +infinity only the
// windows of k consecutive patterns remain, and Omega(p) = (|p|^2 - k) / 2 counts from their k - 1 pairs.
//
// p is a sequence y iff for all others y'  <theta, y - y'> + edge (e(y) - e(y')) >= |y - y'|^2 / 2.
//
// Source: Niculae, Martins, Blondel, Cardie (2018), "SparseMAP"; Santos et al. (2024), "Sparse and
// structured Hopfield networks". Their code projects both states of each position: its result is this one at
// half the scores and half the edge.
//
// The solution is exact: an active set of sequences, to which the best one by dynamic programming is added
// until none is left that would improve it. Work is bounded, by SequenceSolver::kMaxWork: thousands of
// sequences that are not windows, or k in the thousands, may end early, and then the duality gap says how
// far.
//
// Below, `scores` are some of the patterns': at least those that can have weight. A pattern that is not
// among them is not selected and parts its neighbours.
class SequentialKSubsets {
 public:
  // The weights lie in a polytope on which their sum is fixed.
  static constexpr bool kIsConfined = true;
  // The weights depend on the order of the patterns.
  static constexpr bool kIsOrdered = true;
  // The largest number of patterns times k, which bounds memory and the time of a dynamic programme.
  static constexpr int64_t kMaxCells = int64_t{1} << 22;
  // The largest size of a finite edge: far more than any scores make up for.
  static constexpr double kMaxEdge = 1e30;

  // INVALID_ARGUMENT: k is not in [1, 1,000,000], or `edge` is neither +infinity nor of at most kMaxEdge in
  // size.
  static absl::StatusOr<SequentialKSubsets> Make(int64_t k, double edge);

  int64_t k() const { return subsets_.k(); }
  double edge() const { return edge_; }

  // INVALID_ARGUMENT: the bank has fewer than k patterns, or N k is more than kMaxCells.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Rank k and width 1 + 2 |edge|. For let a sequence y of p hold i but not j, one of the k largest scores:
  // y is best at prices p, and with j in place of i it gains theta_j - theta_i on scores, p_i - p_j on prices
  // and loses at most 2 |edge|, the pairs of i and of j. So p_i <= theta_i - theta_(k) + 1 + 2 |edge|.
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return subsets_.total_weight(); }
  // The smallest lead of the k-th over the next score at which k patterns take all the weight wherever they
  // stand: +infinity, unless edge is 0, because no lead alone says which sequence is best.
  double margin() const;

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank: exactly the window's.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // REQUIRES: at least k scores; if edge is +infinity, a window of k consecutive patterns among them.
  Projection Project(const OrderedScores& scores) const;
  // Omega(p) of p = Project(scores); 0 at sequences without neighbours.
  double Negentropy(const OrderedScores& scores) const;
  // Omega at equal weights k / n on n = `pattern_count` patterns, without the edge term.
  double UniformNegentropy(int64_t pattern_count) const;
  // product = J v, where J [m, m] is the derivative of the weights by the scores: the orthogonal projection
  // on the differences of those sequences that make up p; given weights = Project(scores). `product` may be
  // `v`.
  void JacobianProduct(const OrderedScores& scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;

 private:
  SequentialKSubsets(const KSubsets& subsets, double edge) : subsets_(subsets), edge_(edge) {}

  // Whether p is that of k-subsets, which `weights` then hold: no pair counts.
  bool ProjectAsSubsets(const OrderedScores& scores, absl::Span<double> weights) const;

  KSubsets subsets_;
  double edge_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SEQUENTIAL_K_SUBSETS_H_
