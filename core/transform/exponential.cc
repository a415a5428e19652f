#include "core/transform/exponential.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

absl::Status Exponential::ValidateFor(int64_t) const { return absl::OkStatus(); }

Window Exponential::WindowFor(int64_t) const { return {1, kInfinity}; }

double Exponential::margin() const { return kInfinity; }

double Exponential::CutFrom(absl::Span<const double>, int64_t) const { return -kInfinity; }

void Exponential::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  assert(scores.size() == weights.size());
  for (size_t i = 0; i < scores.size(); ++i) weights[i] = std::exp(scores[i]);
}

double Exponential::Negentropy(absl::Span<const double> weights) const {
  std::vector<double> terms;
  terms.reserve(weights.size());
  for (const double p : weights) {
    if (p < 0) return kInfinity;
    terms.push_back(p > 0 ? p * (std::log(p) - 1) : 0.0);
  }
  return BlockedSum(terms);
}

double Exponential::Conjugate(absl::Span<const double>, absl::Span<const double> weights) const {
  return BlockedSum(weights);
}

double Exponential::UniformNegentropy(int64_t pattern_count) const {
  return -static_cast<double>(pattern_count);
}

void Exponential::JacobianProduct(absl::Span<const double>, absl::Span<const double> weights,
                                  absl::Span<const double> v, absl::Span<double> product) const {
  for (size_t i = 0; i < weights.size(); ++i) product[i] = weights[i] * v[i];
}

}  // namespace engram
