#ifndef ENGRAM_CORE_TRANSFORM_SEQUENCE_SOLVER_H_
#define ENGRAM_CORE_TRANSFORM_SEQUENCE_SOLVER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/active_set.h"
#include "core/transform/sequence.h"
#include "core/transform/window_mixture.h"
#include "core/transform/work_budget.h"

namespace engram {

// Solves  argmax <p, scores> + edge e(p) - |p|^2 / 2  over the mixtures of sequences of a chain, exactly: an
// active set, to which the best sequence at prices p is added until none beats the mixture. Where a positive
// edge leaves windows only, of which many may have weight, they are solved for at once.
class SequenceSolver {
 public:
  enum class Sequences { kAll, kWindows };

  // The work of a search, in nanoseconds, roughly: some two seconds.
  static constexpr int64_t kMaxWork = 2'000'000'000;

  // Solves; the result is read below. Scores and edges of more than 1e301 in size count as that. A search
  // that takes more than `max_work` ends early, with the best mixture so far.
  // REQUIRES: the chain has a sequence of that kind; it may hold more members than can have weight.
  SequenceSolver(SequenceChain chain, Sequences sequences, int64_t max_work = kMaxWork);
  SequenceSolver(const SequenceSolver&) = delete;
  SequenceSolver& operator=(const SequenceSolver&) = delete;

  // p [m].
  const std::vector<double>& mean() const { return are_windows_ ? windows_.mean() : active_.mean(); }
  // The pairs that p is expected to have.
  double pairs() const { return are_windows_ ? static_cast<double>(chain_.k - 1) : active_.pairs(); }
  // How far the objective may lie below its maximum.
  double duality_gap() const { return duality_gap_; }

  // The sequences with weight, for statistics.
  int64_t active_count() const {
    return are_windows_ ? static_cast<int64_t>(windows_.starts().size()) : active_.size();
  }
  // The sequences that were found, for statistics.
  int64_t oracle_calls() const { return oracle_calls_; }

  // product = the orthogonal projection of v [m] on the differences of the sequences with weight.
  void ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const;

 private:
  void SolveAll();
  // Solves for windows; the gap of their mixture among all sequences.
  double SolveWindows();
  // The active set restarts from the windows, where that is affordable.
  void StartFromWindows();

  SequenceChain chain_;
  WorkBudget work_;
  ActiveSet active_;
  WindowMixture windows_;
  bool are_windows_ = false;
  double duality_gap_ = 0;
  int64_t oracle_calls_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SEQUENCE_SOLVER_H_
