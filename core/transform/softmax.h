#ifndef ENGRAM_CORE_TRANSFORM_SOFTMAX_H_
#define ENGRAM_CORE_TRANSFORM_SOFTMAX_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/transform/window.h"

namespace engram {

// Softmax, the regularised prediction map of the Shannon negentropy:
//
//   p_i = exp(theta_i) / sum_j exp(theta_j),   Omega(p) = sum_i p_i log p_i  on the simplex,
//   Omega*(theta) = log sum_i exp(theta_i).
//
// It gives weight to every pattern. Those outside the window share at most 2^-53 of the mass between
// them, less than a double can tell from nothing, and get exactly 0.
//
// Source: Ramsauer et al. (2021), "Hopfield networks is all you need".
//
// Below, `scores` are some of the scaled scores theta, in any order, which is that of the sum: at least those
// that can have weight.
class Softmax {
 public:
  // See transform_list.h.
  static constexpr bool kIsConfined = true;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: never; every bank with a pattern will do.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Rank 1 and width ln(N / 2^-53) for N patterns.
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return 1; }
  // The smallest lead in score at which a pattern takes all the weight; infinity: none suffices.
  double margin() const;

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank; at least the window's.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // weights[i] of scores[i]; they sum to 1.
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const;
  // Omega(weights); 0 at the vertices and nowhere above.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega*(scores), given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const;
  // product = J v [n] for v [n], J = dp/dtheta at `scores` [n], given weights = Project(scores); J is
  // symmetric. `product` may be `v`.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;
  // Omega at equal weights on `pattern_count` patterns.
  double UniformNegentropy(int64_t pattern_count) const;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SOFTMAX_H_
