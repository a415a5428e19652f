#ifndef ENGRAM_CORE_SWEEP_ROW_SCORER_H_
#define ENGRAM_CORE_SWEEP_ROW_SCORER_H_

#include "core/bank/bank_snapshot.h"
#include "core/base/canonical.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Canonical scores of the rows of a snapshot. Cheap to copy; all must outlive it.
class RowScorer {
 public:
  RowScorer(const BankSnapshot* bank, const CanonicalArithmetic* arithmetic)
      : bank_(bank), arithmetic_(arithmetic) {}

  const BankSnapshot& bank() const { return *bank_; }

  Survivor Score(absl::Span<const double> state, RowRef row) const {
    const double score = arithmetic_->dot(bank_->pattern(row).data(), state.data(), bank_->settings().dim);
    return {score, bank_->id(row), row};
  }

  // scores [count] of `row` for each of `states`, at most kDotStates.
  void ScoreStates(const double* const* states, int64_t count, RowRef row, double* scores) const {
    arithmetic_->dot_states(bank_->pattern(row).data(), states, count, bank_->settings().dim, scores);
  }

 private:
  const BankSnapshot* bank_;
  const CanonicalArithmetic* arithmetic_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_ROW_SCORER_H_
