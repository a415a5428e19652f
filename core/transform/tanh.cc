#include "core/transform/tanh.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/transform/blocked_sum.h"
#include "core/transform/range_slack.h"

namespace engram {
namespace {

// (1 + x) log(1 + x), continued to its limit 0 at x = -1.
double EntropyTerm(double x) { return x > -1 ? (1 + x) * std::log1p(x) : 0.0; }

}  // namespace

std::vector<double> Tanh::Apply(absl::Span<const double> z, double beta) const {
  std::vector<double> y;
  y.reserve(z.size());
  for (const double component : z) y.push_back(std::tanh(beta * component));
  return y;
}

double Tanh::Potential(absl::Span<const double> q, double beta) const {
  std::vector<double> terms;
  terms.reserve(q.size());
  for (const double component : q) {
    if (!(std::abs(component) <= 1 + kRangeSlack)) return std::numeric_limits<double>::infinity();
    const double inside = std::clamp(component, -1.0, 1.0);
    terms.push_back(EntropyTerm(inside) + EntropyTerm(-inside));
  }
  return BlockedSum(terms) / (2 * beta);
}

void Tanh::JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                           absl::Span<double> product) const {
  for (size_t d = 0; d < z.size(); ++d) {
    // 1 - y^2 = 4 e / (1 + e)^2 with e = exp(-2 |beta z|), which keeps its digits where y is near 1.
    const double e = std::exp(-2 * std::abs(beta * z[d]));
    product[d] = beta * (4 * e / ((1 + e) * (1 + e))) * g[d];
  }
}

}  // namespace engram
