#ifndef ENGRAM_CORE_TRANSFORM_POWER_THRESHOLD_H_
#define ENGRAM_CORE_TRANSFORM_POWER_THRESHOLD_H_

#include <cstdint>

#include "absl/types/span.h"
#include "core/transform/power.h"

namespace engram {

// The threshold tau of scores s at which the powers of what stands out sum to 1:
//
//   sum_i h_i^e = 1,   h_i = [scale s_i - tau]_+,        e > 0
//
// alpha-entmax (scale = alpha - 1, e = 1 / (alpha - 1)) and gamma-normmax (scale = 1, e = gamma / (gamma -
// 1)) have it in common.
//
// Below, `scores` are descending. Every result depends on the scores above the threshold alone: others
// cannot move it by a single bit.
class PowerThreshold {
 public:
  // REQUIRES: `scale` and `exponent` are positive and finite.
  PowerThreshold(double scale, double exponent);

  // The number of scores above the threshold: the j-th is iff sum_{i<j} [scale (s_i - s_j)]^e < 1, the sum
  // if the threshold stood at the j-th.
  int64_t SupportSize(absl::Span<const double> scores) const;

  // What Solve computes of each score.
  enum class Term { kPower, kSlope };
  // terms[i] = h_i^e (kPower) or h_i^(e - 1) (kSlope, REQUIRES: e >= 1) of the scores of `support`, all of
  // which are above the threshold. Returns the threshold as a score, tau / scale.
  double Solve(absl::Span<const double> support, Term term, absl::Span<double> terms) const;

  // weights[i] of scores[i]: the terms of those above the threshold, divided by their sum; 0 below.
  void Project(absl::Span<const double> scores, Term term, absl::Span<double> weights) const;
  // A score at or below which none is above the threshold, given lower bounds on the largest scores: the
  // threshold grows with every score and every added row, so that of the bounds is a lower bound of it.
  double CutFrom(absl::Span<const double> lower_bounds, Term term) const;

 private:
  // Whether the j-th of `scores` is above the threshold, from all the scores above it.
  bool IsAbove(absl::Span<const double> scores, int64_t j) const;

  // Solve in closed form, for e = 1 and e = 2.
  double SolveLinear(absl::Span<const double> support, Term term, absl::Span<double> terms) const;
  double SolveQuadratic(absl::Span<const double> support, Term term, absl::Span<double> terms) const;

  double scale_;
  double exponent_;
  Power power_;  // h^e
  Power slope_;  // h^(e - 1), if e >= 1.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POWER_THRESHOLD_H_
