#ifndef ENGRAM_CORE_CODES_SCALED_STATE_H_
#define ENGRAM_CORE_CODES_SCALED_STATE_H_

#include <cmath>
#include <vector>

#include "absl/types/span.h"
#include "core/base/euclidean_norm.h"

namespace engram {

// A state q times 2^-exponent, so that its norm lies in [1/2, 1): float32 arithmetic with rows of norm below
// 1e33 neither overflows nor loses more than a stated constant to underflow. The zero state stays as it is.
struct ScaledState {
  explicit ScaledState(absl::Span<const double> q) : components(q.begin(), q.end()) {
    const double largest = LargestMagnitude(q);
    if (largest == 0) return;
    // First by the largest component, whose square may neither over- nor underflow. In two steps, as one
    // power may be out of range.
    int by_largest = 0;
    std::frexp(largest, &by_largest);
    const double half = std::ldexp(1.0, -by_largest / 2);
    const double other_half = std::ldexp(1.0, -by_largest - (-by_largest / 2));
    for (double& x : components) x = x * half * other_half;
    int by_norm = 0;
    norm = std::frexp(EuclideanNorm(components), &by_norm);
    const double scale = std::ldexp(1.0, -by_norm);
    for (double& x : components) x *= scale;
    exponent = by_largest + by_norm;
  }

  std::vector<double> components;  // [D]
  int exponent = 0;
  double norm = 0;  // Of the components, in [1/2, 1), or 0.
};

}  // namespace engram

#endif  // ENGRAM_CORE_CODES_SCALED_STATE_H_
