#include "core/sweep/screening_limits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/euclidean_norm.h"

namespace engram {
namespace {

// With fewer rows to one of the rank, keeping the bounds costs more than it spares.
constexpr int64_t kMinRowsPerRank = 16;

// Lower bounds, beyond the rank, of the imagined first look below.
constexpr int64_t kImaginedBounds = 32;

}  // namespace

bool IsHopelessToScreen(const BankSnapshot& bank, const SweepState& state) {
  const int64_t rank = state.cut.rank();
  if (rank > bank.row_count() / kMinRowsPerRank) return true;
  double norm = 0;
  for (int64_t s = 0; s < bank.segment_count(); ++s) norm = std::max(norm, bank.norm_bound(s));
  const double largest = LargestMagnitude(state.state);
  if (largest > 0 && largest < kLeastState) return true;
  const double range = norm * EuclideanNorm(state.state);
  // About the sharpest cut that a first look can make: that of rows with the largest possible score.
  return state.cut.From(std::vector<double>(rank + kImaginedBounds, range)) < -range;
}

float ScaledCut(double cut, double scale) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const double scaled = cut / scale;
  if (scaled < -kLargest) return -kInfinity;
  return std::nextafter(static_cast<float>(std::min<double>(scaled, kLargest)), -kInfinity);
}

}  // namespace engram
