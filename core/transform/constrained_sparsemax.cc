#include "core/transform/constrained_sparsemax.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/blocked_sum.h"
#include "core/transform/galloping_search.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// What bounds may lack to a sum of 1: they are often what earlier weights left over.
constexpr double kBoundSlack = 1e-9;
// Bounds that sum to this are full. Twice the worst rounding of a blocked sum of a million bounds, so that
// every r patterns of WindowFor's proof are, in whichever order they come.
constexpr double kFull = 1 - 1e-12;

// The smallest r such that the r smallest of `upper`, hence any r of them, sum to at least 1; all if none do.
// A blocked sum that stops there.
int64_t RankOf(std::vector<double> upper) {
  std::sort(upper.begin(), upper.end());
  double sum = 0;
  double block = 0;
  for (size_t i = 0; i < upper.size(); ++i) {
    block += upper[i];
    if (sum + block >= 1) return static_cast<int64_t>(i) + 1;
    if ((i + 1) % kSumBlock == 0) {
      sum += block;
      block = 0;
    }
  }
  return static_cast<int64_t>(upper.size());
}

// What p_i would be if the threshold stood at `score`: [theta_i - score]_+, at most its bound.
double WeightAt(double theta, double upper, double score) {
  return std::min(upper, std::max(0.0, theta - score));
}

// Whether a pattern with `score` has weight beside those above it: they leave some if the threshold stands
// at `score`. Not if the bounds that they have reached by then are full but for rounding: the threshold
// would be wherever the next pattern is. Both sums grow as `score` falls and as more are above, so that the
// patterns with weight come first and those without cannot change that.
bool HasWeight(absl::Span<const double> above, absl::Span<const double> upper, double score) {
  std::vector<double> mass(above.size());
  std::vector<double> full(above.size());
  for (size_t i = 0; i < above.size(); ++i) {
    mass[i] = WeightAt(above[i], upper[i], score);
    full[i] = mass[i] == upper[i] ? upper[i] : 0.0;
  }
  return BlockedSum(mass) < 1 && BlockedSum(full) < kFull;
}

// The number of scores with weight or with a bound of 0 among such.
size_t SupportSize(absl::Span<const double> theta, absl::Span<const double> upper) {
  return GallopToLast([&](size_t i) {
           return i < theta.size() && HasWeight(theta.first(i), upper.first(i), theta[i]);
         }) +
         1;
}

// Which of `theta`, the support, are at their bounds: those whose bound is reached at a threshold at which
// the mass is at most 1. They are the first ones by that threshold, theta_i - upper_i.
std::vector<bool> AtTheirBounds(absl::Span<const double> theta, absl::Span<const double> upper) {
  // Relative to the least score: those more than 1 above it are at their bounds, so that only differences
  // of order 1 decide.
  const auto breakpoint = [&](size_t i) { return (theta[i] - theta.back()) - upper[i]; };
  std::vector<size_t> order(theta.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return breakpoint(a) > breakpoint(b); });
  std::vector<double> mass(theta.size());
  const auto is_reached = [&](size_t i) {
    if (upper[i] == kInfinity) return false;
    for (size_t j = 0; j < theta.size(); ++j) {
      mass[j] = std::min(upper[j], std::max(0.0, (theta[j] - theta[i]) + upper[i]));
    }
    return BlockedSum(mass) <= 1;
  };
  const auto end = std::partition_point(order.begin(), order.end(), is_reached);
  std::vector<bool> at_bound(theta.size(), false);
  for (auto i = order.begin(); i != end; ++i) at_bound[*i] = true;
  return at_bound;
}

// The weights of `theta`, the support. The free ones are at their leads over the least score and share
// equally what all leave; once more, to take away the rounding of the first share.
void Solve(absl::Span<const double> theta, absl::Span<const double> upper, absl::Span<double> weights) {
  const std::vector<bool> at_bound = AtTheirBounds(theta, upper);
  const auto free = static_cast<double>(std::count(at_bound.begin(), at_bound.end(), false));
  for (size_t i = 0; i < theta.size(); ++i) {
    weights[i] = at_bound[i] ? upper[i] : std::min(upper[i], theta[i] - theta.back());
  }
  if (free == 0) {
    const double sum = BlockedSum(weights);
    assert(sum >= 1 - 2 * kBoundSlack);
    if (sum < 1) {
      for (double& weight : weights) weight /= sum;
    }
    return;
  }
  for (int round = 0; round < 2; ++round) {
    const double share = (1 - BlockedSum(weights)) / free;
    for (size_t i = 0; i < theta.size(); ++i) {
      if (!at_bound[i]) weights[i] = std::min(upper[i], std::max(0.0, weights[i] + share));
    }
  }
}

}  // namespace

absl::StatusOr<ConstrainedSparsemax> ConstrainedSparsemax::Make(std::vector<double> upper_bounds) {
  if (upper_bounds.empty()) {
    return InvalidField("upper_bounds", "none", "one for each pattern, with a sum of at least 1");
  }
  for (size_t i = 0; i < upper_bounds.size(); ++i) {
    if (!(upper_bounds[i] >= 0)) {
      return InvalidField(absl::StrCat("upper_bounds[", i, "]"), absl::StrCat(upper_bounds[i]),
                          "0 to infinity");
    }
  }
  const double sum = BlockedSum(upper_bounds);
  if (sum < 1 - kBoundSlack) {
    return InvalidField("upper_bounds", absl::StrCat("sum ", sum), "a sum of at least 1");
  }
  const double least = *std::min_element(upper_bounds.begin(), upper_bounds.end());
  const int64_t rank = RankOf(upper_bounds);
  return ConstrainedSparsemax(
      std::make_shared<const Bounds>(Bounds{std::move(upper_bounds), rank, least >= 1 ? 1 : kInfinity}));
}

absl::Status ConstrainedSparsemax::ValidateFor(int64_t pattern_count) const {
  const auto count = static_cast<int64_t>(bounds_->upper.size());
  if (count == pattern_count) return absl::OkStatus();
  return InvalidField("upper_bounds", absl::StrCat(count, " bounds"),
                      absl::StrCat(pattern_count, ", one for each pattern in the bank"));
}

// With r the rank, the r best patterns have bounds that sum to at least 1. At a threshold of theta_(r) - 1 or
// less each of them would have a weight of 1 or its bound: all there is. So tau >= theta_(r) - 1.
Window ConstrainedSparsemax::WindowFor(int64_t) const { return {bounds_->rank, 1}; }

double ConstrainedSparsemax::CutFrom(absl::Span<const double> lower_bounds, int64_t) const {
  assert(static_cast<int64_t>(lower_bounds.size()) >= bounds_->rank);
  return lower_bounds[bounds_->rank - 1] - 1;
}

std::vector<double> ConstrainedSparsemax::UpperOf(const OrderedScores& scores) const {
  assert(scores.positions.size() == scores.theta.size());
  std::vector<double> upper;
  upper.reserve(scores.positions.size());
  for (const int64_t position : scores.positions) {
    assert(0 <= position && position < static_cast<int64_t>(bounds_->upper.size()));
    const double bound = bounds_->upper[position];
    upper.push_back(bound < 1 ? bound : kInfinity);
  }
  return upper;
}

Projection ConstrainedSparsemax::Project(const OrderedScores& scores) const {
  assert(!scores.theta.empty());
  const std::vector<double> upper = UpperOf(scores);
  const size_t size = SupportSize(scores.theta, upper);
  Projection projection;
  projection.weights.assign(scores.theta.size(), 0.0);
  Solve(scores.theta.first(size), absl::MakeConstSpan(upper).first(size),
        absl::MakeSpan(projection.weights).first(size));
  // <p, theta> - Omega(p), with the largest score added last: the rest is of order 1 if no bound is.
  std::vector<double> inner(size);
  for (size_t i = 0; i < size; ++i) {
    const double weight = projection.weights[i];
    if (weight > 0) inner[i] = weight * (scores.theta[i] - scores.theta[0]);
  }
  projection.conjugate = scores.theta[0] + (BlockedSum(inner) - Negentropy(projection.weights));
  return projection;
}

double ConstrainedSparsemax::Negentropy(absl::Span<const double> weights) const {
  // |p|^2 - 1 = -sum p (1 - p), because the weights sum to 1.
  std::vector<double> terms;
  terms.reserve(weights.size());
  for (const double p : weights) terms.push_back(p * (1 - p));
  return -BlockedSum(terms) / 2;
}

double ConstrainedSparsemax::UniformNegentropy(int64_t pattern_count) const {
  return (1 / static_cast<double>(pattern_count) - 1) / 2;
}

void ConstrainedSparsemax::JacobianProduct(const OrderedScores& scores, absl::Span<const double> weights,
                                           absl::Span<const double> v, absl::Span<double> product) const {
  const std::vector<double> upper = UpperOf(scores);
  const auto is_free = [&](size_t i) { return 0 < weights[i] && weights[i] < upper[i]; };
  std::vector<double> terms;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (is_free(i)) terms.push_back(v[i]);
  }
  const double mean = terms.empty() ? 0.0 : BlockedSum(terms) / static_cast<double>(terms.size());
  for (size_t i = 0; i < weights.size(); ++i) product[i] = is_free(i) ? v[i] - mean : 0.0;
}

}  // namespace engram
