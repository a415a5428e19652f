#include "core/sweep/cpu/float_screen.h"

#include <cmath>

#include "core/codes/row_code.h"
#include "core/codes/scaled_state.h"

namespace engram {

FloatScreen::FloatScreen(absl::Span<const SweepState> states, int64_t dim, const ScreenKernels& kernels)
    : dim_(dim), kernels_(kernels) {
  constexpr double kUnit = 0x1p-24;
  const double operations = static_cast<double>(dim + 16) * kUnit;
  const double gamma = operations / (1 - operations);
  const double relative = gamma * (1 + kUnit) + kUnit;
  const auto absolute = static_cast<float>(4 * static_cast<double>(dim + 16) * 0x1p-149);
  states_.reserve(states.size() * dim);
  for (const SweepState& state : states) {
    const ScaledState scaled(state.state);
    states_.insert(states_.end(), scaled.components.begin(), scaled.components.end());
    scales_.push_back(std::ldexp(1.0, scaled.exponent));
    errors_.push_back({0, RoundUp(relative * scaled.norm), absolute});
  }
}

void FloatScreen::Estimate(const Segment& segment, int64_t first_tile, int64_t tiles,
                           float* estimates) const {
  const int64_t first_row = first_tile * kTileRows;
  kernels_.score(segment.patterns() + first_row * dim_, tiles * kTileRows, dim_, states_.data(),
                 static_cast<int64_t>(scales_.size()), estimates);
}

}  // namespace engram
