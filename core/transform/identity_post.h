#ifndef ENGRAM_CORE_TRANSFORM_IDENTITY_POST_H_
#define ENGRAM_CORE_TRANSFORM_IDENTITY_POST_H_

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/blocked_sum.h"

namespace engram {

// Leaves the state as it is: y = z, the gradient of Psi*(z) = |z|^2 / 2, with Psi(q) = |q|^2 / 2.
//
// Below, z, q and g are vectors [D].
class IdentityPost {
 public:
  // y(z).
  std::vector<double> Apply(absl::Span<const double> z, double) const { return {z.begin(), z.end()}; }
  // Psi(q).
  double Potential(absl::Span<const double> q, double) const {
    std::vector<double> squares;
    squares.reserve(q.size());
    for (const double component : q) squares.push_back(component * component);
    return BlockedSum(squares) / 2;
  }
  // product = J g, where J is the symmetric Jacobian of y at z. `product` may be `g`.
  void JacobianProduct(absl::Span<const double>, double, absl::Span<const double> g,
                       absl::Span<double> product) const {
    std::copy(g.begin(), g.end(), product.begin());
  }
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_IDENTITY_POST_H_
