#ifndef ENGRAM_CORE_ENGINE_MEMBERS_H_
#define ENGRAM_CORE_ENGINE_MEMBERS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/sweeper.h"
#include "core/transform/dynamics.h"
#include "core/transform/ordered_scores.h"

namespace engram {

// The survivors of a sweep as a transformation takes them: those that lie in its window, which are the same
// whatever else survived, in the order in which it visits them, with their scaled scores. Projections
// read them by descending score, ties by ascending id; softmax and those that are not confined by ascending
// id.
class Members {
 public:
  // Reorders `survivors`, and may drop some that are no members; they must outlive this and not change. They
  // may also be the support alone, which is all that a Jacobian needs.
  Members(const BankSnapshot& bank, const Dynamics& dynamics, SurvivorList* survivors);

  absl::Span<const Survivor> survivors() const { return survivors_; }
  OrderedScores scores() const { return {theta_, positions_}; }
  // theta = beta (score - reference()): numbers of order 1 where the weights are, however large the scores. 0
  // for transformations that are not confined.
  double reference() const { return reference_; }

 private:
  // Softmax: what lies in a window of `width`, by ascending id. There may be many, and sorting them by score
  // would take longer than all the rest.
  void TakeWindow(double width, double beta, SurvivorList* survivors);

  absl::Span<const Survivor> survivors_;
  double reference_ = 0;
  std::vector<double> theta_;
  std::vector<int64_t> positions_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_MEMBERS_H_
