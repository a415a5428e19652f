#ifndef ENGRAM_CORE_TRANSFORM_POLYNOMIAL_H_
#define ENGRAM_CORE_TRANSFORM_POLYNOMIAL_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/window.h"

namespace engram {

// A power of the scores, the map of dense associative memories with a polynomial energy. With n the degree,
//
//   p = theta^n,   Omega(p) = n / (n + 1) sum_i |p_i|^((n + 1) / n),   Omega*(theta) = sum_i theta_i^(n + 1)
//   / (n + 1)
//
// or rectified, with [theta]_+ for theta; Omega is then +infinity if a weight is negative. Degree 1 is
// the identity. Without rectification n must be odd: theta^n is then increasing, the gradient of a convex
// Omega*, and updates lower the energy.
//
// Source: Krotov, Hopfield (2016), "Dense associative memory for pattern recognition".
//
// Its weights are not confined: any size is possible and every score counts. Below, `scores` [N] are all of
// theta = beta x.q, in any order. Large powers overflow to infinity; the caller checks.
class Polynomial {
 public:
  static constexpr bool kIsConfined = false;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: `degree` is not in [1, 1000], or even and not rectified.
  static absl::StatusOr<Polynomial> Make(int degree, bool rectified);

  int degree() const { return degree_; }
  bool rectified() const { return rectified_; }

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
  // The least value of Omega on `pattern_count` patterns; every weight is uniform_weight() there.
  double UniformNegentropy(int64_t) const { return 0; }
  double uniform_weight() const { return 0; }
  // product = J v, where J is the diagonal Jacobian of the weights in the scores and weights =
  // Project(scores). A rectified score of 0 has slope 0. `product` may be `v`.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;

 private:
  Polynomial(int degree, bool rectified) : degree_(degree), rectified_(rectified) {}

  int degree_;
  bool rectified_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POLYNOMIAL_H_
