#ifndef ENGRAM_CORE_SWEEP_CPU_FLOAT_SCREEN_H_
#define ENGRAM_CORE_SWEEP_CPU_FLOAT_SCREEN_H_

#include <vector>

#include "core/sweep/cpu/screen.h"

namespace engram {

// Scores in float32.
//
// A state q is scaled by a power of two to q' with |q'| in [1/2, 1) and rounded to float32. With
// u = 2^-24, the rounding of q' moves a score by at most u sum |x_j q'_j|, and a float32 sum of D products,
// in any order, fused or not, by at most gamma sum |x_j q'_j| (1 + u), gamma = D u / (1 - D u); by
// Cauchy-Schwarz sum |x_j q'_j| <= |x| |q'|. Each of the 2 D operations may also lose up to 2^-149 to
// underflow. Overflow cannot happen: |x| |q'| is at most 1e30 sqrt(65,536) < 2^127. The bound takes D + 16
// for D, far more than the rounding of the norms, of the bound itself and of its comparison, of the canonical
// score and of components of q' below 2^-126 can add.
class FloatScreen : public Screen {
 public:
  // REQUIRES: states of dimension `dim`.
  FloatScreen(absl::Span<const SweepState> states, int64_t dim, const ScreenKernels& kernels);

  void Estimate(const Segment& segment, int64_t first_tile, int64_t tiles, float* estimates) const override;
  const EstimateError& error(int64_t b) const override { return errors_[b]; }
  const float* residuals(const Segment&) const override { return nullptr; }
  double scale(int64_t b) const override { return scales_[b]; }

 private:
  const int64_t dim_;
  const ScreenKernels& kernels_;
  std::vector<float> states_;   // [B, D], scaled.
  std::vector<double> scales_;  // [B]
  std::vector<EstimateError> errors_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_FLOAT_SCREEN_H_
