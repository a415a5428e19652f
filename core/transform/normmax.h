#ifndef ENGRAM_CORE_TRANSFORM_NORMMAX_H_
#define ENGRAM_CORE_TRANSFORM_NORMMAX_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/power_threshold.h"
#include "core/transform/window.h"

namespace engram {

// gamma-normmax, the regularised prediction map of the gamma-norm:
//
//   p = argmax_{p in simplex} <p, theta> - Omega(p),   Omega(p) = |p|_gamma - 1,        gamma > 1
//
// solved by p = r / sum(r), r_i = [theta_i - tau]_+^{1/(gamma - 1)}, sum_i r_i^gamma = 1. Its weights are
// sparse. gamma -> 1 is argmax; gamma -> infinity shares alike on the support of sparsemax: a mixture of few
// patterns.
//
// Source: Blondel, Martins, Niculae (2020), "Learning with Fenchel-Young losses"; Santos et al. (2024),
// "Sparse and structured Hopfield networks", who write alpha for gamma.
//
// The support is found first, by a test on the scores above each one, and the threshold then from the
// support alone: scores without weight cannot move the result by a single bit.
//
// Below, `scores` are some of the scaled scores theta, descending: at least those that can have weight.
class Normmax {
 public:
  // See transform_list.h.
  static constexpr bool kIsConfined = true;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: `gamma` is not finite or not greater than 1.
  static absl::StatusOr<Normmax> Make(double gamma);

  double gamma() const { return gamma_; }

  // INVALID_ARGUMENT: never; every bank with a pattern will do.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Rank 1 and width 1.
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return 1; }
  // The smallest lead in score at which a pattern takes all the weight.
  double margin() const { return 1; }

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank; at least the window's, sharper with more bounds.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // weights[i] of scores[i]; they sum to 1.
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const;
  // Omega(weights); 0 at the vertices and nowhere above.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega*(scores) = tau + 1, given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const;
  // product = J v [n] for v [n], J = dp/dtheta at `scores` [n], given weights = Project(scores); J is
  // symmetric. `product` may be `v`. 0 outside the support; where gamma > 2 it grows beyond all bounds as a
  // weight approaches 0.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;
  // Omega at equal weights on `pattern_count` patterns.
  double UniformNegentropy(int64_t pattern_count) const;

 private:
  explicit Normmax(double gamma);

  double gamma_;
  PowerThreshold threshold_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_NORMMAX_H_
