#include "core/transform/entmax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

// Newton's method below converges monotonically and at the end quadratically; the bound only stops a loop
// that rounding keeps alive.
constexpr int kMaxNewtonSteps = 200;

}  // namespace

Entmax::Entmax(double alpha) : alpha_(alpha), slope_(alpha - 1), exponent_(1 / (alpha - 1)) {}

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
  // tau grows with every score and every added row, so tau of the bounds is a lower bound of tau.
  const auto support = lower_bounds.first(SupportSize(lower_bounds));
  std::vector<double> weights(support.size());
  return Solve(support, absl::MakeSpan(weights));
}

void Entmax::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  assert(!scores.empty() && scores.size() == weights.size());
  const size_t size = SupportSize(scores);
  const auto support_weights = weights.first(size);
  Solve(scores.first(size), support_weights);
  // Takes away the last rounding error of the threshold; a zero stays zero.
  const double sum = BlockedSum(support_weights);
  for (double& weight : support_weights) weight /= sum;
  std::fill(weights.begin() + size, weights.end(), 0.0);
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

double Entmax::UniformNegentropy(int64_t pattern_count) const {
  return std::expm1(-slope_ * std::log(static_cast<double>(pattern_count))) / (alpha_ * slope_);
}

bool Entmax::HasWeight(absl::Span<const double> above, double score) const {
  double mass = 0;
  for (const double other : above) {
    const double base = slope_ * (other - score);
    mass += alpha_ == 1.5 ? base * base : std::pow(base, exponent_);
    if (!(mass < 1)) return false;
  }
  return true;
}

int64_t Entmax::SupportSize(absl::Span<const double> scores) const {
  const auto count = static_cast<int64_t>(scores.size());
  if (alpha_ == 2) {
    // What the scores so far lack to a mass of 1, all terms of one sign; each gap lifts all of them.
    double missing = 1;
    int64_t size = 1;
    for (; size < count; ++size) {
      missing -= static_cast<double>(size) * (scores[size - 1] - scores[size]);
      if (!(missing > 0)) break;
    }
    return size;
  }
  // Doubling steps, then halves: the rows that are looked at do not depend on how many there are, and
  // rows that are not there fail as those below the cut would.
  const auto has_weight = [&](int64_t size) {
    return size <= count && HasWeight(scores.first(size - 1), scores[size - 1]);
  };
  int64_t with_weight = 1;
  int64_t step = 1;
  while (has_weight(with_weight + step)) {
    with_weight += step;
    step *= 2;
  }
  int64_t without = with_weight + step;
  while (without - with_weight > 1) {
    const int64_t middle = with_weight + (without - with_weight) / 2;
    (has_weight(middle) ? with_weight : without) = middle;
  }
  return with_weight;
}

double Entmax::Solve(absl::Span<const double> support, absl::Span<double> weights) const {
  if (support.size() == 1) {
    weights[0] = 1;
    return support[0] - exponent_;
  }
  if (alpha_ == 2) return SolveSparsemax(support, weights);
  if (alpha_ == 1.5) return SolveEntmax15(support, weights);
  return alpha_ < 2 ? SolveForShift(support, weights) : SolveForLeastWeight(support, weights);
}

// With d_i = theta_i - theta_m >= 0 above the least score of the support, whose weight is y: p_i = d_i + y.
// The d sum to less than 1, however many there are, so that nothing cancels.
double Entmax::SolveSparsemax(absl::Span<const double> support, absl::Span<double> weights) const {
  const double least = support.back();
  for (size_t i = 0; i < support.size(); ++i) weights[i] = support[i] - least;
  const double y = std::max(0.0, 1 - BlockedSum(weights)) / static_cast<double>(support.size());
  for (double& weight : weights) weight += y;
  return least - y;
}

// The same with d_i = (theta_i - theta_m) / 2 and p_i = (d_i + y)^2: the positive root of
// m y^2 + 2 sum(d) y = 1 - sum(d^2).
double Entmax::SolveEntmax15(absl::Span<const double> support, absl::Span<double> weights) const {
  const double least = support.back();
  const auto size = static_cast<double>(support.size());
  for (size_t i = 0; i < support.size(); ++i) {
    const double d = (support[i] - least) / 2;
    weights[i] = d * d;
  }
  const double missing = std::max(0.0, 1 - BlockedSum(weights));
  for (size_t i = 0; i < support.size(); ++i) weights[i] = (support[i] - least) / 2;
  const double sum = BlockedSum(weights);
  const double divisor = sum + std::sqrt(sum * sum + size * missing);
  const double y = divisor > 0 ? missing / divisor : 0;
  for (double& weight : weights) weight = (weight + y) * (weight + y);
  return least - 2 * y;
}

// For 1 < alpha < 2, with a = alpha - 1 and z = theta - max: p_i = exp(log1p(a (z_i - t)) / a), where
// tau = a t - 1. As alpha -> 1 this becomes exp(z_i - t) and t the log-sum-exp, without loss of digits.
// The mass is convex and decreasing in t and at least 1 at t = 0, so Newton's method climbs to the root.
double Entmax::SolveForShift(absl::Span<const double> support, absl::Span<double> weights) const {
  double shift = 0;
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    double derivative = 0;
    for (size_t i = 0; i < support.size(); ++i) {
      const double x = slope_ * ((support[i] - support[0]) - shift);
      weights[i] = x <= -1 ? 0.0 : std::exp(std::log1p(x) / slope_);
      if (x > -1) derivative += weights[i] / (1 + x);
    }
    const double next = shift + (BlockedSum(weights) - 1) / derivative;
    if (!(next > shift)) break;
    shift = next;
  }
  return support[0] + shift - exponent_;
}

// For alpha > 2, with a = alpha - 1, e = 1 / a and d_i = a (theta_i - theta_m) >= 0 above the least score
// of the support: p_i = (d_i + y^a)^e, where y is the least weight. Solved for tau, the weights near 0 lose
// their digits (one ulp of tau moves them by ulp^e); in y the mass has a slope between 1 and m, so it is
// well conditioned. Newton's method, kept inside a bracket that shrinks with every step.
double Entmax::SolveForLeastWeight(absl::Span<const double> support, absl::Span<double> weights) const {
  const double least = support.back();
  double mass_at_zero = 0;
  double ties = 0;
  for (const double score : support) {
    score == least ? ties += 1 : mass_at_zero += std::pow(slope_ * (score - least), exponent_);
  }
  const double missing = std::max(0.0, 1 - mass_at_zero);
  // (d + y^a)^e lies between d^e and d^e + y.
  double low = missing / static_cast<double>(support.size());
  double high = std::min(1.0, missing / ties);
  double y = low;
  double power = 0;
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    power = std::pow(y, slope_);
    double derivative = 0;
    for (size_t i = 0; i < support.size(); ++i) {
      const double base = slope_ * (support[i] - least) + power;
      const bool is_least = support[i] == least;
      // Rounding may leave the power of a base just above y^a below y.
      weights[i] = is_least ? y : std::max(y, std::pow(base, exponent_));
      derivative += is_least ? 1 : std::pow(power / base, 1 - exponent_);
    }
    const double excess = BlockedSum(weights) - 1;
    (excess < 0 ? low : high) = y;
    double next = y - excess / derivative;
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    if (next <= low || next >= high) break;
    if (std::abs(next - y) <= std::numeric_limits<double>::epsilon() * y) break;
    y = next;
  }
  return least - power * exponent_;
}

}  // namespace engram
