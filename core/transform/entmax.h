#ifndef ENGRAM_CORE_TRANSFORM_ENTMAX_H_
#define ENGRAM_CORE_TRANSFORM_ENTMAX_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/power_threshold.h"
#include "core/transform/window.h"

namespace engram {

// alpha-entmax, the regularised prediction map of the Tsallis alpha-negentropy:
//
//   p = argmax_{p in simplex} <p, theta> - Omega(p),
//   Omega(p) = (sum_i p_i^alpha - 1) / (alpha (alpha - 1)),        alpha > 1
//
// solved by p_i = [(alpha - 1) theta_i - tau]_+^{1/(alpha - 1)}, sum_i p_i = 1. Its weights are sparse.
// alpha = 2 is sparsemax, alpha -> 1 softmax, alpha -> infinity argmax.
//
// Source: Peters, Niculae, Martins (2019), "Sparse sequence-to-sequence models".
//
// The support is found first, by a test on the scores above each one, and the threshold then from the
// support alone: scores without weight cannot move the result by a single bit.
//
// Below, `scores` are some of the scaled scores theta, descending: at least those that can have weight.
class Entmax {
 public:
  // See transform_list.h.
  static constexpr bool kIsConfined = true;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: `alpha` is not finite or not greater than 1.
  static absl::StatusOr<Entmax> Make(double alpha);

  double alpha() const { return alpha_; }

  // INVALID_ARGUMENT: never; every bank with a pattern will do.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Rank 1 and width 1 / (alpha - 1).
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return 1; }
  // The smallest lead in score at which a pattern takes all the weight.
  double margin() const { return exponent_; }

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank; at least the window's, sharper with more bounds.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // weights[i] of scores[i]; they sum to 1.
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const;
  // Omega(weights); 0 at the vertices and nowhere above.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega*(scores), given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const;
  // product = J v [n] for v [n], J = dp/dtheta at `scores` [n], given weights = Project(scores); J is
  // symmetric. `product` may be `v`. 0 outside the support; where alpha > 2 it grows beyond all bounds as a
  // weight approaches 0.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;
  // Omega at equal weights on `pattern_count` patterns.
  double UniformNegentropy(int64_t pattern_count) const;

 private:
  explicit Entmax(double alpha);

  double alpha_;
  double slope_;     // alpha - 1
  double exponent_;  // 1 / (alpha - 1)
  PowerThreshold threshold_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_ENTMAX_H_
