#ifndef ENGRAM_CORE_SWEEP_FLOAT_SCREEN_H_
#define ENGRAM_CORE_SWEEP_FLOAT_SCREEN_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "core/bank/segment.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Scores in float32 with a proven bound of their error.
//
// A state q is scaled by a power of two to q' with |q'| in [1/2, 1) and rounded to float32. With
// u = 2^-24, the rounding of q' moves a score by at most u sum |x_j q'_j|, and a float32 sum of D products,
// in any order, fused or not, by at most gamma sum |x_j q'_j| (1 + u), gamma = D u / (1 - D u); by
// Cauchy-Schwarz sum |x_j q'_j| <= |x| |q'|. Each of the 2 D operations may also lose up to 2^-149 to
// underflow. Overflow cannot happen: |x| |q'| is at most 1e30 sqrt(65,536) < 2^127. The bound below takes
// D + 2 for D and a factor of 1.0001, far more than the rounding of the norms, of the bound itself, of the
// canonical score and of components of q' below 2^-126 can add.
class FloatScreen {
 public:
  // Bounds of one exact score.
  struct Bounds {
    double lower;
    double upper;
  };

  // REQUIRES: states [B] of dimension `dim`.
  FloatScreen(absl::Span<const SweepState> states, int64_t dim);

  // Scores of rows [begin, end) of `segment` in float32 for all states, scaled: scores[b * (end - begin) + r]
  // is that of row begin + r and state b.
  void Score(const Segment& segment, int64_t begin, int64_t end, std::vector<float>* scores) const;

  // Bounds of the exact score of state b and a row of norm `norm`, from its scaled float32 score.
  Bounds BoundsOf(int64_t b, float scaled_score, double norm) const {
    const double score = static_cast<double>(scaled_score) * scales_[b];
    const double error = norm * relative_errors_[b] + absolute_errors_[b];
    return {score - error, score + error};
  }

  // A scaled score such that every row of norm at most `norm_bound` with a lower one has an upper bound below
  // `cut`: one comparison that spares most rows the bounds.
  float ThresholdOf(int64_t b, double cut, double norm_bound) const {
    const double error = norm_bound * relative_errors_[b] + absolute_errors_[b];
    const double threshold = (cut - error) / scales_[b];
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (threshold < -std::numeric_limits<float>::max()) return -kInfinity;
    // One unit down: rounding to float32 must not raise it. What the double arithmetic rounds is within the
    // slack of the bound.
    return std::nextafter(static_cast<float>(std::min<double>(threshold, std::numeric_limits<float>::max())),
                          -kInfinity);
  }

 private:
  const int64_t dim_;
  std::vector<float> states_;            // [B, D], scaled.
  std::vector<double> scales_;           // [B], powers of two: exact score = scale * scaled score.
  std::vector<double> relative_errors_;  // [B], per unit of the row's norm.
  std::vector<double> absolute_errors_;  // [B]
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_FLOAT_SCREEN_H_
