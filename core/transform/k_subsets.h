#ifndef ENGRAM_CORE_TRANSFORM_K_SUBSETS_H_
#define ENGRAM_CORE_TRANSFORM_K_SUBSETS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/transform/window.h"

namespace engram {

// SparseMAP on k-subsets, "top-k retrieval": the projection of the scores on the hypersimplex,
//
//   p = argmax <p, theta> - Omega(p),   Omega(p) = (|p|^2 - k) / 2  on { 0 <= p <= 1, sum p = k },
//
// solved by p_i = clip(theta_i - tau, 0, 1). It is the indicator of the k largest scores iff they lead the
// next one by 1. The weights sum to k; k = 1 is sparsemax.
//
// Source: Niculae, Martins, Blondel, Cardie (2018), "SparseMAP"; Santos et al. (2024), "Sparse and
// structured Hopfield networks". They leave out the constant -k / 2, which makes Omega 0 at the vertices.
//
// Below, `scores` are some of the scaled scores theta, descending: at least those that can have weight.
class KSubsets {
 public:
  // See transform_list.h.
  static constexpr bool kIsConfined = true;
  static constexpr bool kIsOrdered = false;

  // INVALID_ARGUMENT: k is not in [1, 1,000,000].
  static absl::StatusOr<KSubsets> Make(int64_t k);

  int64_t k() const { return k_; }

  // INVALID_ARGUMENT: the bank has fewer than k patterns.
  absl::Status ValidateFor(int64_t pattern_count) const;
  // Rank k and width 1.
  Window WindowFor(int64_t pattern_count) const;
  // The sum of all weights.
  double total_weight() const { return static_cast<double>(k_); }
  // The smallest lead of the k-th over the next score at which k patterns take all the weight.
  double margin() const { return 1; }

  // A score at or below which no pattern has weight, given lower bounds [m] on the largest scores,
  // descending, m >= rank; at least the window's, sharper with more bounds.
  double CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const;
  // weights[i] of scores[i]; they sum to k. REQUIRES: scores.size() >= k.
  void Project(absl::Span<const double> scores, absl::Span<double> weights) const;
  // Omega(weights); 0 at the vertices and nowhere above.
  double Negentropy(absl::Span<const double> weights) const;
  // Omega*(scores), given weights = Project(scores).
  double Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const;
  // product = J v [n] for v [n], J = dp/dtheta at `scores` [n], given weights = Project(scores); J is
  // symmetric. `product` may be `v`. 0 where the weight is 0 or 1.
  void JacobianProduct(absl::Span<const double> scores, absl::Span<const double> weights,
                       absl::Span<const double> v, absl::Span<double> product) const;
  // Omega at equal weights k / n on n = `pattern_count` patterns.
  double UniformNegentropy(int64_t pattern_count) const;

 private:
  explicit KSubsets(int64_t k) : k_(k) {}

  // The number of scores with weight: the j-th has some iff sum_{i<j} min(theta_i - theta_j, 1) < k, the
  // mass of the others if the threshold stood at the j-th.
  int64_t SupportSize(absl::Span<const double> scores) const;
  // The weight of the least of `support`, all of which have weight.
  double LeastWeight(absl::Span<const double> support) const;

  int64_t k_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_K_SUBSETS_H_
