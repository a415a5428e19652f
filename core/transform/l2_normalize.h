#ifndef ENGRAM_CORE_TRANSFORM_L2_NORMALIZE_H_
#define ENGRAM_CORE_TRANSFORM_L2_NORMALIZE_H_

#include <vector>

#include "absl/types/span.h"

namespace engram {

// Moves the state to the unit sphere: y = z / |z|, the gradient of Psi*(z) = |z|; Psi(q) is 0 where |q| <= 1
// and +infinity elsewhere. The zero vector stays zero: of the subgradients of Psi* there, which are the unit
// ball, it is the least.
//
// Source: Santos et al. (2025), "Hopfield-Fenchel-Young networks".
//
// Below, z, q and g are finite vectors [D]. No z overflows.
class L2Normalize {
 public:
  // y(z).
  std::vector<double> Apply(absl::Span<const double> z, double beta) const;
  // Psi(q). A norm of up to 1 + 1e-6 counts as 1, so that a y rounded to float32 is inside.
  double Potential(absl::Span<const double> q, double beta) const;
  // product = J g, where J = (I - y y^T) / |z| is the Jacobian of y at z; 0 at z = 0. `product` may be `g`.
  void JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                       absl::Span<double> product) const;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_L2_NORMALIZE_H_
