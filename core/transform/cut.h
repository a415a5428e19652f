#ifndef ENGRAM_CORE_TRANSFORM_CUT_H_
#define ENGRAM_CORE_TRANSFORM_CUT_H_

#include <cstdint>

#include "absl/types/span.h"
#include "core/transform/transform_list.h"

namespace engram {

// Decides, for one state, which rows a sweep may leave out: those whose exact score lies below a cut
// that follows from lower bounds on other rows' scores.
class Cut {
 public:
  Cut(const Transform& transform, double beta, int64_t pattern_count)
      : transform_(transform), beta_(beta), pattern_count_(pattern_count) {}

  // The fewest lower bounds from which a cut follows. More bounds make a sharper one.
  int64_t rank() const { return WindowFor(transform_, pattern_count_).rank; }

  // The cut that follows from finite lower bounds [m] on the scores x.q of m different rows,
  // descending; -infinity if m < rank(). Rows with a score below it cannot have weight and cannot change
  // the answer: the cut keeps a slack larger than any rounding of the projection.
  double From(absl::Span<const double> lower_bounds) const;

 private:
  Transform transform_;
  double beta_;
  int64_t pattern_count_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_CUT_H_
