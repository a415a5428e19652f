#include "core/transform/entmax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

Entmax::Entmax(double alpha)
    : alpha_(alpha), slope_(alpha - 1), exponent_(1 / (alpha - 1)), threshold_(alpha - 1, 1 / (alpha - 1)) {}

absl::StatusOr<Entmax> Entmax::Make(double alpha) {
  if (!(std::isfinite(alpha) && alpha > 1)) {
    return InvalidField("alpha", absl::StrCat(alpha),
                        "a finite number greater than 1 (for alpha = 1 ask for softmax)");
  }
  return Entmax(alpha);
}

absl::Status Entmax::ValidateFor(int64_t) const { return absl::OkStatus(); }

Window Entmax::WindowFor(int64_t) const { return {1, exponent_}; }

double Entmax::CutFrom(absl::Span<const double> lower_bounds, int64_t) const {
  return threshold_.CutFrom(lower_bounds, PowerThreshold::Term::kPower);
}

void Entmax::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  threshold_.Project(scores, PowerThreshold::Term::kPower, weights);
}

double Entmax::Negentropy(absl::Span<const double> weights) const {
  // sum p^alpha - 1 = sum p (p^(alpha - 1) - 1), without the cancellation when alpha is near 1.
  double sum = 0;
  for (const double p : weights) {
    if (p > 0) sum += p * std::expm1(slope_ * std::log(p));
  }
  return sum / (alpha_ * slope_);
}

double Entmax::Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const {
  // <p, theta> - Omega(p), with the largest score added last: the rest is of order 1.
  double inner = 0;
  for (size_t i = 0; i < scores.size() && weights[i] > 0; ++i) inner += weights[i] * (scores[i] - scores[0]);
  return scores[0] + (inner - Negentropy(weights));
}

void Entmax::JacobianProduct(absl::Span<const double>, absl::Span<const double> weights,
                             absl::Span<const double> v, absl::Span<double> product) const {
  assert(v.size() == weights.size() && product.size() == weights.size());
  // With s_i = p_i^(2 - alpha) on the support: J v = s (v - <s, v> / sum(s)). The s are taken relative to the
  // largest of them: where alpha is large they overflow.
  size_t size = 0;
  while (size < weights.size() && weights[size] > 0) ++size;
  const double largest_at = alpha_ < 2 ? weights[0] : weights[size - 1];
  const auto relative = [&](size_t i) { return std::pow(weights[i] / largest_at, 2 - alpha_); };
  double sum = 0;
  double inner = 0;
  for (size_t i = 0; i < size; ++i) {
    sum += relative(i);
    inner += relative(i) * v[i];
  }
  const double largest = std::min(std::pow(largest_at, 2 - alpha_), std::numeric_limits<double>::max());
  for (size_t i = 0; i < size; ++i) product[i] = relative(i) * (v[i] - inner / sum) * largest;
  std::fill(product.begin() + size, product.end(), 0.0);
}

double Entmax::UniformNegentropy(int64_t pattern_count) const {
  return std::expm1(-slope_ * std::log(static_cast<double>(pattern_count))) / (alpha_ * slope_);
}

}  // namespace engram
