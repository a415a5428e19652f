#include "core/transform/layer_norm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/blocked_sum.h"
#include "core/transform/range_slack.h"

namespace engram {
namespace {

double MeanOf(absl::Span<const double> terms) {
  return BlockedSum(terms) / static_cast<double>(terms.size());
}

double MeanSquareOf(absl::Span<const double> terms) {
  std::vector<double> squares;
  squares.reserve(terms.size());
  for (const double term : terms) squares.push_back(term * term);
  return MeanOf(squares);
}

// z - mean z = scale * deviations and sqrt(var z + eps) = scale * deviation, the scale chosen so that no
// square overflows.
struct Normalization {
  double scale = 1;
  std::vector<double> deviations;
  double deviation = 0;
};

Normalization Normalize(absl::Span<const double> z, double eps) {
  Normalization result;
  for (const double component : z) result.scale = std::max(result.scale, std::abs(component));
  // Deviations from the first component first: those of a constant vector are 0, whatever its mean rounds to.
  const double first = z.front() / result.scale;
  for (const double component : z) result.deviations.push_back(component / result.scale - first);
  const double mean = MeanOf(result.deviations);
  for (double& deviation : result.deviations) deviation -= mean;
  // The square of sqrt(eps) / scale rather than eps / scale^2: the square of a scale may overflow. Where this
  // one underflows, a constant vector is still divided by more than 0.
  const double softening = std::sqrt(eps) / result.scale;
  result.deviation = std::max(std::sqrt(MeanSquareOf(result.deviations) + softening * softening),
                              std::numeric_limits<double>::min());
  return result;
}

}  // namespace

absl::StatusOr<LayerNorm> LayerNorm::Make(double eps) {
  if (!(std::isfinite(eps) && eps > 0)) {
    return InvalidField("eps", absl::StrCat(eps), "a finite number greater than 0");
  }
  return LayerNorm(eps);
}

std::vector<double> LayerNorm::Apply(absl::Span<const double> z, double) const {
  if (z.empty()) return {};
  Normalization result = Normalize(z, eps_);
  for (double& deviation : result.deviations) deviation /= result.deviation;
  return result.deviations;
}

double LayerNorm::Potential(absl::Span<const double> q, double) const {
  if (q.empty()) return 0;
  const double mean_square = MeanSquareOf(q);
  if (!(std::abs(MeanOf(q)) <= kRangeSlack && std::sqrt(mean_square) <= 1 + kRangeSlack)) {
    return std::numeric_limits<double>::infinity();
  }
  return -static_cast<double>(q.size()) * std::sqrt(eps_) * std::sqrt(std::max(0.0, 1 - mean_square));
}

void LayerNorm::JacobianProduct(absl::Span<const double> z, double beta, absl::Span<const double> g,
                                absl::Span<double> product) const {
  if (z.empty()) return;
  const Normalization norm = Normalize(z, eps_);
  const std::vector<double> y = Apply(z, beta);
  std::vector<double> terms(y.size());
  for (size_t d = 0; d < y.size(); ++d) terms[d] = y[d] * g[d];
  const double along = MeanOf(terms);
  const double mean = MeanOf(g);
  for (size_t d = 0; d < y.size(); ++d) {
    product[d] = (g[d] - mean - along * y[d]) / norm.deviation / norm.scale;
  }
}

}  // namespace engram
