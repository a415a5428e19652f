#ifndef ENGRAM_CORE_TRANSFORM_WINDOW_MIXTURE_H_
#define ENGRAM_CORE_TRANSFORM_WINDOW_MIXTURE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/sequence.h"
#include "core/transform/work_budget.h"

namespace engram {

// The best mixture of the windows of a chain, its sequences of k neighbours:
//
//   argmin |p|^2 / 2 - <p, scores>,   p = sum_a w_a y_a   over w >= 0 with sum 1.
//
// Windows are independent, so w is unique, and where it is free it solves a sparse system: with levels
// u_i = sum_{a <= i} w_a, the weights so far, p_i = u_i - u_{i-k}, and |p|^2 is the energy of a graph whose
// nodes are the distinct levels, two for each position. A round of the search takes O(m) besides the factor
// of that system, whose fill, like the number of rounds, is bounded by the work only.
//
// Source of the search for the free windows: More, Toraldo (1991), "On the solution of large quadratic
// programming problems with bound constraints", here on the simplex and with exact solutions.
class WindowMixture {
 public:
  // Keeps `chain` and `work`, which must outlive it. O(m k). REQUIRES: scores of which k can be summed.
  WindowMixture(const SequenceChain& chain, WorkBudget* work);

  // Whether the chain has a window at all.
  bool exists() const { return !candidates_.empty(); }
  // Solves until the work is spent: then the mixture is the best so far. REQUIRES: exists(), here and below.
  void Solve();

  // Below: after Solve.

  // The best p [m].
  const std::vector<double>& mean() const { return mean_; }
  // How far the objective may lie above its minimum over windows.
  double duality_gap() const { return duality_gap_; }
  // By how much `sequence` of the chain, scored with its edge, beats the mixture at prices `mean`.
  double Lead(const Sequence& sequence) const;
  // The windows with weight, by first member, and their weights.
  const std::vector<int32_t>& starts() const { return starts_; }
  const std::vector<double>& weights() const { return weights_; }

  // product = the orthogonal projection of v [m] on the differences of the windows with weight.
  void ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const;

 private:
  // One weight for each candidate.
  using Weights = std::vector<double>;

  std::vector<double> MeanOf(const Weights& weights) const;
  // <scores - mean, y_a>, up to a constant.
  Weights Leads(const std::vector<double>& mean) const;
  // Moves along d to lower the objective; false: d does not.
  bool Descend(const Weights& direction, const Weights& leads, Weights* weights) const;
  // Finds the best weights among the windows that have some; windows may lose theirs on the way.
  void MinimiseOnSupport(Weights* weights) const;
  void Finish(const Weights& weights);

  const SequenceChain& chain_;
  WorkBudget* work_;
  std::vector<int32_t> candidates_;  // First members of the windows that can have weight.
  std::vector<double> gains_;        // <scores, y_a>, less the largest.
  std::vector<int32_t> starts_;
  std::vector<double> weights_;
  std::vector<double> mean_;
  double duality_gap_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_WINDOW_MIXTURE_H_
