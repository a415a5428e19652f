#include "core/transform/l2_normalize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/transform/blocked_sum.h"
#include "core/transform/range_slack.h"

namespace engram {
namespace {

// |z| = largest * scaled, where `scaled` is of order 1 to sqrt(D). {0, 0} for z = 0.
struct Norm {
  double largest = 0;
  double scaled = 0;
};

Norm NormOf(absl::Span<const double> z) {
  Norm norm;
  for (const double component : z) norm.largest = std::max(norm.largest, std::abs(component));
  if (norm.largest == 0) return norm;
  std::vector<double> squares;
  squares.reserve(z.size());
  for (const double component : z) {
    const double scaled = component / norm.largest;
    squares.push_back(scaled * scaled);
  }
  norm.scaled = std::sqrt(BlockedSum(squares));
  return norm;
}

}  // namespace

std::vector<double> L2Normalize::Apply(absl::Span<const double> z, double) const {
  std::vector<double> y(z.begin(), z.end());
  const Norm norm = NormOf(z);
  if (norm.largest == 0) return y;
  for (double& component : y) component = component / norm.largest / norm.scaled;
  return y;
}

double L2Normalize::Potential(absl::Span<const double> q, double) const {
  const Norm norm = NormOf(q);
  return norm.largest * norm.scaled <= 1 + kRangeSlack ? 0.0 : std::numeric_limits<double>::infinity();
}

void L2Normalize::JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                                  absl::Span<double> product) const {
  const Norm norm = NormOf(z);
  if (norm.largest == 0) {
    std::fill(product.begin(), product.end(), 0.0);
    return;
  }
  const std::vector<double> y = Apply(z, beta);
  std::vector<double> terms(y.size());
  for (size_t d = 0; d < y.size(); ++d) terms[d] = y[d] * g[d];
  const double along = BlockedSum(terms);
  for (size_t d = 0; d < y.size(); ++d) product[d] = (g[d] - along * y[d]) / norm.scaled / norm.largest;
}

}  // namespace engram
