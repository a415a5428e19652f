#ifndef ENGRAM_CORE_TRANSFORM_ACTIVE_SET_H_
#define ENGRAM_CORE_TRANSFORM_ACTIVE_SET_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/gram_factor.h"
#include "core/transform/sequence.h"
#include "core/transform/work_budget.h"

namespace engram {

// A mixture of sequences of a chain that are affinely independent, and the best weights for them:
//
//   argmin |p|^2 / 2 - <p, scores> - edge e,   p = sum_a w_a y_a,   e = sum_a w_a e(y_a)
//
// over w >= 0 with sum 1. Sequences whose weight falls to 0 are dropped. n is their number. When the work is
// spent, weights are the best so far.
class ActiveSet {
 public:
  // Keeps `chain` and `work`, which must outlive it.
  ActiveSet(const SequenceChain& chain, WorkBudget* work)
      : chain_(chain), work_(work), is_one_(chain.scores.size()) {}

  int64_t size() const { return static_cast<int64_t>(sequences_.size()); }
  // The best p [m].
  const std::vector<double>& mean() const { return mean_; }
  // The pairs that p is expected to have.
  double pairs() const;

  // By how much `sequence` beats the mixture at prices `mean`: the derivative of the above towards it.
  double Lead(const Sequence& sequence) const;
  // Admits a sequence that beats the mixture and finds the best weights anew. False: rounding leaves nothing
  // to gain from it, and nothing has changed but by rounding.
  bool Improve(Sequence sequence);
  // Starts from `sequences`, which are affinely independent, with `weights`.
  void Start(std::vector<Sequence> sequences, std::vector<double> weights);
  // Drops sequences whose weight is rounding, factors and solves anew, and corrects the solution by its own
  // residual; makes weights of 0 and 1 exact.
  void Finish();

  // product = the orthogonal projection of v [m] on the differences of the sequences.
  void ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const;

 private:
  std::vector<double> OverlapsWith(const Sequence& sequence);
  // The linear part of the objective, relative to the first sequence's.
  std::vector<double> Gains() const;
  void Append(Sequence sequence, const GramFactor::Extension& extension, double weight);
  void Remove(int64_t at);
  // Moves to the best weights; false: the newest sequence, which had none, gets none.
  bool Descend();
  void Factor();
  void Refine();
  void UpdateMean();

  const SequenceChain& chain_;
  WorkBudget* work_;
  std::vector<Sequence> sequences_;
  std::vector<double> values_;   // [n] <scores, y_a>
  std::vector<double> weights_;  // [n]
  GramFactor factor_;
  std::vector<double> mean_;  // [m]
  std::vector<char> is_one_;  // [m] Scratch: all 0 between calls.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_ACTIVE_SET_H_
