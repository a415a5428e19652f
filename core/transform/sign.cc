#include "core/transform/sign.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace engram {
namespace {

// How far a state may lie outside the cube.
constexpr double kSlack = 1e-6;

}  // namespace

std::vector<double> Sign::Apply(absl::Span<const double> z, double) const {
  std::vector<double> y;
  y.reserve(z.size());
  for (const double component : z) y.push_back(component >= 0 ? 1.0 : -1.0);
  return y;
}

double Sign::Potential(absl::Span<const double> q, double) const {
  const bool inside =
      std::all_of(q.begin(), q.end(), [](double component) { return std::abs(component) <= 1 + kSlack; });
  return inside ? 0.0 : std::numeric_limits<double>::infinity();
}

void Sign::JacobianProduct(absl::Span<const double>, double, absl::Span<const double>,
                           absl::Span<double> product) const {
  std::fill(product.begin(), product.end(), 0.0);
}

}  // namespace engram
