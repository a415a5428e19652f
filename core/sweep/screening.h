#ifndef ENGRAM_CORE_SWEEP_SCREENING_H_
#define ENGRAM_CORE_SWEEP_SCREENING_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/transform/cut.h"

namespace engram {

// A row that may survive, and an upper bound of its exact score.
struct Candidate {
  RowRef row;
  double upper;
};

// What screening of some rows has found out about one state: the largest lower bounds, which make the cut,
// and the rows whose upper bounds reach it. Not thread-safe.
class Screening {
 public:
  // Keeps `cut.rank()` lower bounds and some more, which sharpen the cut, and at most about `candidate_limit`
  // candidates. `cut` must outlive this.
  Screening(const Cut* cut, int64_t candidate_limit);

  // Whether nothing worth it could be screened out of `row_count` rows with scores in [-range, range].
  bool IsHopeless(double range, int64_t row_count) const;

  // A row with bounds of its exact score.
  void Add(RowRef row, double lower, double upper) {
    if (upper < least_) return;
    candidates_.push_back({row, upper});
    ++added_since_look_;
    if (lower > least_) KeepBound(lower);  // Bounds below the cut cannot sharpen it.
  }

  // No row whose exact score lies below it can survive; -infinity as long as nothing is known.
  double cut() const { return least_; }

  // Takes the bounds so far into the cut. Call after each block of rows: with every row would cost too much.
  // A cut of high rank is made anew only once as many rows have come, so that the cost of a row stays
  // bounded.
  void SharpenCut();

  // Makes it dense.
  void GiveUp() {
    dense_ = true;
    candidates_ = {};
    bounds_ = {};
  }

  // More rows than the limit reach the cut, so that it is cheaper to score all of them; there are no
  // candidates then.
  bool dense() const { return dense_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }

  // The candidates of all `parts`, which screened different rows of the same bank for the same state, that
  // reach the cut of all bounds together. REQUIRES: none of them is dense.
  static std::vector<Candidate> Merge(const std::vector<const Screening*>& parts);

 private:
  void KeepBound(double lower);

  const Cut* cut_;
  size_t bound_limit_;
  int64_t candidate_limit_;
  std::vector<double> bounds_;  // A heap with the least on top.
  std::vector<Candidate> candidates_;
  double least_ = -std::numeric_limits<double>::infinity();  // The cut so far.
  bool bounds_changed_ = false;
  int64_t added_since_look_ = 0;
  bool dense_ = false;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SCREENING_H_
