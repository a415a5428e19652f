#ifndef ENGRAM_CORE_TRANSFORM_CONSTRAINED_SPARSEMAX_H_
#define ENGRAM_CORE_TRANSFORM_CONSTRAINED_SPARSEMAX_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/ordered_scores.h"
#include "core/transform/projection.h"
#include "core/transform/window.h"

namespace engram {

// Sparsemax with an upper bound for each pattern's weight, which lets a memory be recalled freely: patterns
// that were recalled get smaller bounds.
//
//   p = argmax <p, theta> - Omega(p),   Omega(p) = (|p|^2 - 1) / 2  on { 0 <= p_i <= u_i, sum p = 1 },
//
// solved by p_i = clip(theta_i - tau, 0, u_i). Bounds of 1 or more bind nothing; if all are, this is
// sparsemax. If the bounds sum to 1, p = u.
//
// Source: Malaviya, Ferreira, Martins (2018), "Sparse and constrained attention for neural machine
// translation"; Santos et al. (2025), "Hopfield-Fenchel-Young networks".
//
// Below, scores.theta [m] are some of the scaled scores, descending: at least those that can have weight.
// scores.positions[i] says which bound is theta[i]'s. Copies share the bounds. Thread-safe.
class ConstrainedSparsemax {
 public:
  static constexpr bool kIsConfined = true;
  static constexpr bool kIsOrdered = true;

  // `upper_bounds` [N]: those of the patterns in ascending id order.
  //
  // INVALID_ARGUMENT: there are none, one is negative or NaN, or they sum to less than 1, a slack of 1e-9
  // for their rounding apart. Weights exceed bounds whose sum lies in that slack by as little.
  static absl::StatusOr<ConstrainedSparsemax> Make(std::vector<double> upper_bounds);

  // As given to Make.
  absl::Span<const double> upper_bounds() const { return bounds_->upper; }

  // INVALID_ARGUMENT: the bank's patterns are more or fewer than the bounds.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Width 1, and for rank the smallest r such that any r patterns have bounds that sum to at least 1; all
  // patterns if no fewer have.
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return 1; }
  // The smallest lead in score at which any pattern takes all the weight: 1 if every bound is 1 or more.
  // Infinity otherwise: a pattern with a smaller bound never does.
  double margin() const { return bounds_->margin; }

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank: the window's. More lower bounds do not sharpen it, because it is not known whose
  // they are.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // The weights of `scores`; they sum to 1. Exact: no duality gap.
  Projection Project(const OrderedScores& scores) const;
  // Omega(weights); 0 at the vertices of the simplex and nowhere above.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega at equal weights on `pattern_count` patterns: its minimum where the bounds allow them, else less
  // than that.
  double UniformNegentropy(int64_t pattern_count) const;
  // product = J v, where J is the symmetric Jacobian of the weights in the scores and
  // weights = Project(scores).weights: with F the patterns whose weight is neither 0 nor at its bound, v less
  // its mean over F on F, and 0 elsewhere. `product` [m] may be `v`.
  void JacobianProduct(const OrderedScores& scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;

 private:
  struct Bounds {
    std::vector<double> upper;  // [N]
    int64_t rank;
    double margin;
  };

  explicit ConstrainedSparsemax(std::shared_ptr<const Bounds> bounds) : bounds_(std::move(bounds)) {}

  // The bounds of `scores` [m]; infinity for those that bind nothing.
  std::vector<double> UpperOf(const OrderedScores& scores) const;

  std::shared_ptr<const Bounds> bounds_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_CONSTRAINED_SPARSEMAX_H_
