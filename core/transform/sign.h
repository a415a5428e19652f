#ifndef ENGRAM_CORE_TRANSFORM_SIGN_H_
#define ENGRAM_CORE_TRANSFORM_SIGN_H_

#include <vector>

#include "absl/types/span.h"

namespace engram {

// The sign of each component, as in the classical network with binary states: y_d = 1 where z_d >= 0 (so at
// -0.0) and -1 elsewhere. It is a subgradient of Psi*(z) = |z|_1; Psi(q) is 0 on the cube [-1, 1]^D and
// +infinity elsewhere.
//
// Source: Hopfield (1982), "Neural networks and physical systems with emergent collective computational
// abilities".
//
// Below, z, q and g are finite vectors [D].
class Sign {
 public:
  // y(z).
  std::vector<double> Apply(absl::Span<const double> z, double beta) const;
  // Psi(q). Components of up to 1 + 1e-6 in magnitude count as 1 at most: rounding is not leaving.
  double Potential(absl::Span<const double> q, double beta) const;
  // product = J g = 0, since y is constant around almost every z. `product` may be `g`.
  void JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                       absl::Span<double> product) const;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SIGN_H_
