#ifndef ENGRAM_CORE_TRANSFORM_IDENTITY_H_
#define ENGRAM_CORE_TRANSFORM_IDENTITY_H_

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/transform/blocked_sum.h"
#include "core/transform/window.h"

namespace engram {

// The identity, the map of the classical Hopfield network: with it the state becomes beta X^T X q, the
// product with the Hebbian weight matrix.
//
//   p = theta,   Omega(p) = |p|^2 / 2,   Omega*(theta) = |theta|^2 / 2
//
// Source: Hopfield (1982), "Neural networks and physical systems with emergent collective computational
// abilities".
//
// Its weights are not confined: every pattern has one, of either sign and any size, and every score counts.
// Below, `scores` [N] are all of theta = beta x.q, in any order. Sums of large squares may overflow to
// infinity; the caller checks.
class Identity {
 public:
  static constexpr bool kIsConfined = false;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: never; every bank with a pattern will do.
  absl::Status ValidateFor(int64_t) const { return absl::OkStatus(); }
  // Infinitely wide: no pattern can be left out.
  Window WindowFor(int64_t) const { return {1, std::numeric_limits<double>::infinity()}; }
  // 0, which no sum of weights is: the weights have no fixed sum.
  double total_weight() const { return 0; }
  // No lead in score takes all the weight.
  double margin() const { return std::numeric_limits<double>::infinity(); }
  double CutFrom(absl::Span<const double>, int64_t) const { return -std::numeric_limits<double>::infinity(); }

  // weights[i] of scores[i].
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const {
    assert(scores.size() == weights.size());
    std::copy(scores.begin(), scores.end(), weights.begin());
  }
  // Omega(weights).
  double Negentropy(absl::Span<const double> weights) const {
    std::vector<double> squares;
    squares.reserve(weights.size());
    for (const double p : weights) squares.push_back(p * p);
    return BlockedSum(squares) / 2;
  }
  // Omega*(scores), given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double>) const {
    return Negentropy(scores);
  }
  // The least value of Omega on `pattern_count` patterns; every weight is uniform_weight() there.
  double UniformNegentropy(int64_t) const { return 0; }
  double uniform_weight() const { return 0; }
  // product = J v, where J is the diagonal Jacobian of the weights in the scores. `product` may be `v`.
  void JacobianProduct(absl::Span<const double>, absl::Span<const double>, absl::Span<const double> v,
                       absl::Span<double> product) const {
    std::copy(v.begin(), v.end(), product.begin());
  }
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_IDENTITY_H_
