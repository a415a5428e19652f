#ifndef ENGRAM_CORE_TRANSFORM_EXPONENTIAL_H_
#define ENGRAM_CORE_TRANSFORM_EXPONENTIAL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/transform/window.h"

namespace engram {

// The exponential of the scores, the map of dense associative memories with an exponential energy. It is
// softmax without its denominator:
//
//   p = exp(theta),   Omega(p) = sum_i p_i log p_i - p_i  where p >= 0,   Omega*(theta) = sum_i exp(theta_i)
//
// Source: Demircigil et al. (2017), "On a model of associative memory with huge storage capacity".
//
// Its weights are not confined: any size is possible and every score counts. Below, `scores` [N] are all of
// theta = beta x.q, in any order. Scores above 709.78 overflow to infinity; the caller checks.
class Exponential {
 public:
  static constexpr bool kIsConfined = false;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: never; every bank with a pattern will do.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Infinitely wide: no pattern can be left out.
  Window WindowFor(int64_t pattern_count) const;
  // 0, which no sum of weights is: the weights have no fixed sum.
  double total_weight() const { return 0; }
  // Infinity: no lead in score takes all the weight.
  double margin() const;
  // -infinity: no pattern can be left out.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;

  // weights[i] of scores[i].
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const;
  // Omega(weights); +infinity outside its domain.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega*(scores), given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const;
  // The least value of Omega on `pattern_count` patterns, -pattern_count; every weight is uniform_weight()
  // there.
  double UniformNegentropy(int64_t pattern_count) const;
  double uniform_weight() const { return 1; }
  // product = J v, where J is the diagonal Jacobian of the weights in the scores and weights =
  // Project(scores). `product` may be `v`.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_EXPONENTIAL_H_
