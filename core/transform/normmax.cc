#include "core/transform/normmax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {
namespace {

// log |p|_gamma, of weights in descending order: relative to the largest no power is too large or, if it
// matters, too small.
double LogNorm(double gamma, absl::Span<const double> weights) {
  double sum = 0;
  for (size_t i = 0; i < weights.size() && weights[i] > 0; ++i) {
    sum += std::pow(weights[i] / weights[0], gamma);
  }
  return std::log(weights[0]) + std::log(sum) / gamma;
}

}  // namespace

Normmax::Normmax(double gamma) : gamma_(gamma), threshold_(1, gamma / (gamma - 1)) {}

absl::StatusOr<Normmax> Normmax::Make(double gamma) {
  if (!(std::isfinite(gamma) && gamma > 1)) {
    return InvalidField("gamma", absl::StrCat(gamma), "a finite number greater than 1");
  }
  return Normmax(gamma);
}

absl::Status Normmax::ValidateFor(int64_t) const { return absl::OkStatus(); }

Window Normmax::WindowFor(int64_t) const { return {1, 1}; }

double Normmax::CutFrom(absl::Span<const double> lower_bounds, int64_t) const {
  return threshold_.CutFrom(lower_bounds, PowerThreshold::Term::kSlope);
}

void Normmax::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  threshold_.Project(scores, PowerThreshold::Term::kSlope, weights);
}

double Normmax::Negentropy(absl::Span<const double> weights) const {
  if (gamma_ >= 2) {
    const double largest = *std::max_element(weights.begin(), weights.end());
    double sum = 0;
    for (const double p : weights) sum += std::pow(p / largest, gamma_);
    return std::min(0.0, std::expm1(std::log(largest) + std::log(sum) / gamma_));
  }
  // sum p^gamma - 1 = sum p (p^(gamma - 1) - 1), without the cancellation when gamma is near 1.
  double sum = 0;
  for (const double p : weights) {
    if (p > 0) sum += p * std::expm1((gamma_ - 1) * std::log(p));
  }
  return std::expm1(std::log1p(sum) / gamma_);
}

double Normmax::Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const {
  // <p, theta> - Omega(p), with the largest score added last: the rest is of order 1, and at the maximum
  // an error of the weights counts only by its square.
  double inner = 0;
  for (size_t i = 0; i < scores.size() && weights[i] > 0; ++i) inner += weights[i] * (scores[i] - scores[0]);
  return scores[0] + (inner - Negentropy(weights));
}

void Normmax::JacobianProduct(absl::Span<const double>, absl::Span<const double> weights,
                              absl::Span<const double> v, absl::Span<double> product) const {
  assert(v.size() == weights.size() && product.size() == weights.size());
  // With c_i = v_i - <p, v> and t_i = p_i / h_i, where h_i = (p_i / |p|)^(gamma - 1) is the height
  // theta_i - tau: J v = (t c - <t, c> p) / (gamma - 1).
  const double log_norm = LogNorm(gamma_, weights);
  const double mean = std::inner_product(weights.begin(), weights.end(), v.begin(), 0.0);
  double inner = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double p = weights[i];
    product[i] = p > 0 ? p * std::exp((gamma_ - 1) * (log_norm - std::log(p))) * (v[i] - mean) : 0.0;
    inner += product[i];
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    product[i] = (product[i] - inner * weights[i]) / (gamma_ - 1);
  }
}

double Normmax::UniformNegentropy(int64_t pattern_count) const {
  return std::expm1((1 - gamma_) / gamma_ * std::log(static_cast<double>(pattern_count)));
}

}  // namespace engram
