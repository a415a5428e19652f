#ifndef ENGRAM_CORE_TRANSFORM_TANH_H_
#define ENGRAM_CORE_TRANSFORM_TANH_H_

#include <vector>

#include "absl/types/span.h"

namespace engram {

// The smooth sign of the classical network with continuous states: y = tanh(beta z) in each component, the
// gradient of Psi*(z) = sum_d log cosh(beta z_d) / beta, with
//
//   Psi(q) = sum_d ((1 + q_d) log(1 + q_d) + (1 - q_d) log(1 - q_d)) / (2 beta)  on [-1, 1]^D,
//
// log(2) / beta for each component at its ends, and +infinity elsewhere.
//
// Source: Hopfield (1984), "Neurons with graded response have collective computational properties like those
// of two-state neurons".
//
// Below, z, q and g are finite vectors [D] and beta > 0.
class Tanh {
 public:
  // y(z).
  std::vector<double> Apply(absl::Span<const double> z, double beta) const;
  // Psi(q). Components of up to 1 + 1e-6 in magnitude count as 1 at most: rounding is not leaving.
  double Potential(absl::Span<const double> q, double beta) const;
  // product = J g, where J = beta diag(1 - y^2) is the Jacobian of y at z. `product` may be `g`.
  void JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                       absl::Span<double> product) const;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_TANH_H_
