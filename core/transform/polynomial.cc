#include "core/transform/polynomial.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

constexpr int kMaxDegree = 1000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

absl::StatusOr<Polynomial> Polynomial::Make(int degree, bool rectified) {
  if (degree < 1 || degree > kMaxDegree) {
    return InvalidField("degree", absl::StrCat(degree), absl::StrCat("1 to ", kMaxDegree));
  }
  if (degree % 2 == 0 && !rectified) {
    return InvalidField("degree", absl::StrCat(degree),
                        "odd numbers unless rectified: an even power is not the gradient of a convex "
                        "function, and updates could raise the energy");
  }
  return Polynomial(degree, rectified);
}

absl::Status Polynomial::ValidateFor(int64_t) const { return absl::OkStatus(); }

Window Polynomial::WindowFor(int64_t) const { return {1, kInfinity}; }

double Polynomial::margin() const { return kInfinity; }

double Polynomial::CutFrom(absl::Span<const double>, int64_t) const { return -kInfinity; }

void Polynomial::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  assert(scores.size() == weights.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    weights[i] = rectified_ && scores[i] <= 0 ? 0.0 : std::pow(scores[i], degree_);
  }
}

double Polynomial::Negentropy(absl::Span<const double> weights) const {
  const double n = degree_;
  std::vector<double> terms;
  terms.reserve(weights.size());
  for (const double p : weights) {
    if (rectified_ && p < 0) return kInfinity;
    terms.push_back(std::pow(std::abs(p), (n + 1) / n));
  }
  return n / (n + 1) * BlockedSum(terms);
}

double Polynomial::Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const {
  std::vector<double> terms(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) terms[i] = scores[i] * weights[i];
  return BlockedSum(terms) / (degree_ + 1);
}

void Polynomial::JacobianProduct(absl::Span<const double> scores, absl::Span<const double>,
                                 absl::Span<const double> v, absl::Span<double> product) const {
  for (size_t i = 0; i < scores.size(); ++i) {
    const double slope = rectified_ && scores[i] <= 0 ? 0.0 : degree_ * std::pow(scores[i], degree_ - 1);
    product[i] = slope * v[i];
  }
}

}  // namespace engram
