#include "core/transform/cut.h"

#include <cmath>
#include <limits>
#include <vector>

namespace engram {
namespace {

// Share of the window kept as slack. The projection's sums have n terms of at most 1 window each, so their
// rounding stays below n 2^-53 windows: less than this for any bank that fits in memory.
constexpr double kSlack = 1e-6;

}  // namespace

double Cut::From(absl::Span<const double> lower_bounds) const {
  const Window window = WindowFor(transform_, pattern_count_);
  if (static_cast<int64_t>(lower_bounds.size()) < window.rank) {
    return -std::numeric_limits<double>::infinity();
  }
  const double reference = lower_bounds[window.rank - 1];
  std::vector<double> scaled(lower_bounds.size());
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] = beta_ * (lower_bounds[i] - reference);
  const double cut = CutFrom(transform_, scaled, pattern_count_) - kSlack * window.width;
  // 2^-50 of the reference covers the rounding of the shift back.
  return reference + cut / beta_ - std::ldexp(std::abs(reference), -50);
}

}  // namespace engram
