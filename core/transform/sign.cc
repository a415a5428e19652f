#include "core/transform/sign.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/transform/range_slack.h"

namespace engram {

std::vector<double> Sign::Apply(absl::Span<const double> z, double) const {
  std::vector<double> y;
  y.reserve(z.size());
  for (const double component : z) y.push_back(component >= 0 ? 1.0 : -1.0);
  return y;
}

double Sign::Potential(absl::Span<const double> q, double) const {
  const bool inside = std::all_of(q.begin(), q.end(),
                                  [](double component) { return std::abs(component) <= 1 + kRangeSlack; });
  return inside ? 0.0 : std::numeric_limits<double>::infinity();
}

void Sign::JacobianProduct(absl::Span<const double>, double, absl::Span<const double>,
                           absl::Span<double> product) const {
  std::fill(product.begin(), product.end(), 0.0);
}

}  // namespace engram
