#ifndef ENGRAM_CORE_SWEEP_SCANNED_STATE_H_
#define ENGRAM_CORE_SWEEP_SCANNED_STATE_H_

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "core/base/euclidean_norm.h"
#include "core/codes/row_code.h"

namespace engram {

// How bounds U of the scores x.q of a state q bound those of a later state q': for any a >= 0,
//
//   x.q' = a x.q + x.(q' - a q) <= a U + |x| |q' - a q|,
//
// least for a = q'.q / |q|^2. Both states are scaled to norms in [1/2, 1), each by its own scale.
class ScannedState {
 public:
  // q / scale.
  ScannedState(absl::Span<const double> state, double scale) : state_(state.begin(), state.end()) {
    const double inverse = 1 / scale;
    for (double& x : state_) x *= inverse;
    square_ = SquaredEuclideanNorm(state_);
  }

  // The scaled scores of q' are at most factor * U + |x| * distance, evaluated in float32.
  struct Move {
    float factor = 0;
    float distance = 0;
  };
  Move To(absl::Span<const double> next, double scale) const {
    // Rounding of the bound in float32: three operations with numbers of at most 4 |x|, in units of |x|.
    constexpr double kRounding = 0x1p-20;
    // Of the distance in double, relative to the states.
    constexpr double kDistanceRounding = 0x1p-40;
    std::vector<double> rest(next.begin(), next.end());
    const double inverse = 1 / scale;
    double product = 0;
    for (size_t j = 0; j < rest.size(); ++j) {
      rest[j] *= inverse;
      product += rest[j] * state_[j];
    }
    const double a = square_ > 0 ? std::max(0.0, product / square_) : 0;
    for (size_t j = 0; j < rest.size(); ++j) rest[j] -= a * state_[j];
    return {static_cast<float>(a), RoundUp(EuclideanNorm(rest) + kDistanceRounding + kRounding)};
  }

 private:
  std::vector<double> state_;
  double square_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SCANNED_STATE_H_
