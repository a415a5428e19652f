#ifndef ENGRAM_CORE_SWEEP_CPU_CODE_SCREEN_H_
#define ENGRAM_CORE_SWEEP_CPU_CODE_SCREEN_H_

#include <cmath>

#include "core/codes/state_codes.h"
#include "core/sweep/cpu/screen.h"

namespace engram {

// Scores by products of 8-bit codes; see core/codes for the bound.
class CodeScreen : public Screen {
 public:
  // REQUIRES: states of dimension `dim`; the segments have codes.
  CodeScreen(absl::Span<const SweepState> states, int64_t dim, int plane_count, const ScreenKernels& kernels);

  void Estimate(const Segment& segment, int64_t first_tile, int64_t tiles, float* estimates) const override;
  const EstimateError& error(int64_t b) const override { return states_.error(b); }
  const float* residuals(const Segment& segment) const override { return segment.residuals(); }
  double scale(int64_t b) const override { return std::ldexp(1.0, states_.exponent(b)); }

 private:
  const int64_t dim_;
  const StateCodes states_;
  const ScreenKernels& kernels_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_CODE_SCREEN_H_
