#include "core/transform/softmax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/canonical_exp.h"
#include "core/transform/blocked_sum.h"

namespace engram {

absl::Status Softmax::ValidateFor(int64_t) const { return absl::OkStatus(); }

Window Softmax::WindowFor(int64_t pattern_count) const {
  return {1, std::log(static_cast<double>(pattern_count)) + 53 * std::log(2.0)};
}

double Softmax::margin() const { return std::numeric_limits<double>::infinity(); }

double Softmax::CutFrom(absl::Span<const double> lower_bounds, int64_t pattern_count) const {
  assert(!lower_bounds.empty());
  return lower_bounds[0] - WindowFor(pattern_count).width;
}

void Softmax::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  assert(!scores.empty() && scores.size() == weights.size());
  const double largest = *std::max_element(scores.begin(), scores.end());
  for (size_t i = 0; i < scores.size(); ++i) weights[i] = scores[i] - largest;
  CanonicalExp(weights);
  const double sum = BlockedSum(weights);
  for (double& weight : weights) weight /= sum;
}

double Softmax::Negentropy(absl::Span<const double> weights) const {
  double sum = 0;
  for (const double p : weights) {
    if (p > 0) sum += p * std::log(p);
  }
  return sum;
}

double Softmax::Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const {
  // The largest weight is exp(0) / sum of the shifted exponentials.
  const auto largest = std::max_element(scores.begin(), scores.end());
  return *largest - std::log(weights[largest - scores.begin()]);
}

void Softmax::JacobianProduct(absl::Span<const double>, absl::Span<const double> weights,
                              absl::Span<const double> v, absl::Span<double> product) const {
  assert(v.size() == weights.size() && product.size() == weights.size());
  const double mean = std::inner_product(weights.begin(), weights.end(), v.begin(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i) product[i] = weights[i] * (v[i] - mean);
}

double Softmax::UniformNegentropy(int64_t pattern_count) const {
  return -std::log(static_cast<double>(pattern_count));
}

}  // namespace engram
