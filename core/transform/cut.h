#ifndef ENGRAM_CORE_TRANSFORM_CUT_H_
#define ENGRAM_CORE_TRANSFORM_CUT_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "core/transform/transform_list.h"

namespace engram {

// Decides, for one state, which rows a sweep may leave out: those whose exact score lies below a cut
// that follows from lower bounds on other rows' scores.
class Cut {
 public:
  // Keeps the rows that can have weight and the one whose score comes after the transformation's rank: how
  // far it lies behind certifies an exact answer.
  Cut(const Transform& transform, double beta, int64_t pattern_count);

  // Keeps the `count` rows of largest score.
  static Cut Largest(int64_t count);
  // Keeps all rows.
  static Cut Everything();

  // The fewest lower bounds from which a cut follows. More bounds make a sharper one.
  int64_t rank() const { return rank_; }

  // The cut that follows from finite lower bounds [m] on the scores x.q of m different rows,
  // descending; -infinity if m < rank(). Rows with a score below it cannot have weight and cannot change
  // the answer: the cut keeps a slack larger than any rounding of the projection.
  double From(absl::Span<const double> lower_bounds) const;

 private:
  explicit Cut(int64_t rank) : rank_(rank) {}

  double FromTransform(absl::Span<const double> lower_bounds) const;

  std::optional<Transform> transform_;
  double beta_ = 1;
  int64_t pattern_count_ = 0;
  int64_t rank_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_CUT_H_
