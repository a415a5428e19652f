#ifndef ENGRAM_CORE_TRANSFORM_LAYER_NORM_H_
#define ENGRAM_CORE_TRANSFORM_LAYER_NORM_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace engram {

// Layer normalisation without gain and bias: y = (z - mean z) / sqrt(var z + eps), with the biased variance
// |z - mean z|^2 / D. Constant vectors give 0. It is the gradient of
//
//   Psi*(z) = sqrt(D) sqrt(|z - mean z|^2 + D eps),   whose conjugate is
//   Psi(q) = -D sqrt(eps) sqrt(1 - |q|^2 / D)  where mean q = 0 and |q|^2 <= D, +infinity elsewhere.
//
// Psi(q) = sup_z <q, z> - Psi*(z): moving z by a constant changes only <q, z>, so that mean q must be 0. Then
// the best z of a given |z - mean z| = s is along q, and sup_s |q| s - sqrt(D) sqrt(s^2 + c^2) with c^2 = D
// eps is -c sqrt(D - |q|^2), at s = c |q| / sqrt(D - |q|^2).
//
// Source: Santos et al. (2025), "Hopfield-Fenchel-Young networks", which has eps = 0: Psi is then 0 on that
// set. With eps > 0 the map is not idempotent.
//
// Below, z, q and g are finite vectors [D]. No z overflows.
class LayerNorm {
 public:
  // INVALID_ARGUMENT: `eps` is not finite or not greater than 0.
  static absl::StatusOr<LayerNorm> Make(double eps);

  double eps() const { return eps_; }

  // y(z).
  std::vector<double> Apply(absl::Span<const double> z, double beta) const;
  // Psi(q). A mean of up to 1e-6 counts as 0 and |q| / sqrt(D) of up to 1 + 1e-6 as 1 at most, so that a y
  // rounded to float32 is inside.
  double Potential(absl::Span<const double> q, double beta) const;
  // product = J g, where J = (I - 1 1^T / D - y y^T / D) / sqrt(var z + eps) is the Jacobian of y at z.
  // `product` may be `g`.
  void JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                       absl::Span<double> product) const;

 private:
  explicit LayerNorm(double eps) : eps_(eps) {}

  double eps_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_LAYER_NORM_H_
