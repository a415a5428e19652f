#include "core/sweep/screening_limits.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "core/base/euclidean_norm.h"

namespace engram {
namespace {

// With fewer rows to one of the rank, keeping the bounds costs more than it spares.
constexpr int64_t kMinRowsPerRank = 16;

// Lower bounds, beyond the rank, of the imagined first look below.
constexpr int64_t kImaginedBounds = 32;

// As many bounds, beyond the rank, a cut is made from at most.
constexpr size_t kMostBounds = 1024;

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

void LeaveDenseStates(const BankSnapshot& bank, absl::Span<const SweepState> states,
                      std::vector<size_t>* dense, absl::Span<SweepResult> results) {
  const auto is_left = [&](size_t b) {
    results[b].is_left = bank.row_count() > states[b].most_survivors;
    return results[b].is_left;
  };
  dense->erase(std::remove_if(dense->begin(), dense->end(), is_left), dense->end());
}

void LeaveCrowdedStates(absl::Span<const SweepState> states, absl::Span<SweepResult> results) {
  for (size_t b = 0; b < states.size(); ++b) {
    SweepResult& result = results[b];
    result.is_left |= static_cast<int64_t>(result.survivors.size()) > states[b].most_survivors;
    if (!result.is_left) continue;
    result.survivors = SurvivorList();
    result.near_misses = nullptr;
  }
}

double SharpestCut(const Cut& cut, std::vector<double> lower_bounds) {
  const size_t most = kMostBounds + static_cast<size_t>(cut.rank());
  if (lower_bounds.size() > most) {
    std::nth_element(lower_bounds.begin(), lower_bounds.begin() + most, lower_bounds.end(),
                     std::greater<double>());
    lower_bounds.resize(most);
  }
  std::sort(lower_bounds.begin(), lower_bounds.end(), std::greater<double>());
  return cut.From(lower_bounds);
}

float ScaledCut(double cut, double scale) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const double scaled = cut / scale;
  if (scaled < -kLargest) return -kInfinity;
  return std::nextafter(static_cast<float>(std::min<double>(scaled, kLargest)), -kInfinity);
}

}  // namespace engram
