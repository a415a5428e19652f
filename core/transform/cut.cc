#include "core/transform/cut.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Share of the window kept as slack. The projection's sums have n terms of at most 1 window each, so their
// rounding stays below n 2^-53 windows: less than this for any bank that fits in memory.
constexpr double kSlack = 1e-6;

}  // namespace

Cut::Cut(const Transform& transform, double beta, int64_t pattern_count)
    : transform_(transform),
      beta_(beta),
      pattern_count_(pattern_count),
      rank_(std::min(WindowFor(transform, pattern_count).rank + 1, pattern_count)) {}

Cut Cut::Largest(int64_t count) { return Cut(count); }

// No bank has as many rows.
Cut Cut::Everything() { return Cut(int64_t{1} << 62); }

double Cut::From(absl::Span<const double> lower_bounds) const {
  if (static_cast<int64_t>(lower_bounds.size()) < rank_) return -kInfinity;
  const double last_kept = lower_bounds[rank_ - 1];
  return transform_.has_value() ? std::min(last_kept, FromTransform(lower_bounds)) : last_kept;
}

double Cut::FromTransform(absl::Span<const double> lower_bounds) const {
  const Window window = WindowFor(*transform_, pattern_count_);
  if (window.width == kInfinity) return -kInfinity;
  const double reference = lower_bounds[window.rank - 1];
  std::vector<double> scaled(lower_bounds.size());
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] = beta_ * (lower_bounds[i] - reference);
  const double cut = CutFrom(*transform_, scaled, pattern_count_) - kSlack * window.width;
  // 2^-50 of the reference covers the rounding of the shift back.
  return reference + cut / beta_ - std::ldexp(std::abs(reference), -50);
}

}  // namespace engram
