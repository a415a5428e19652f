#ifndef ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_
#define ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_

#include <cmath>

#include "absl/types/span.h"

namespace engram {

// |v|, summed in order. Squares may leave the range of double above 1e154 and below 1e-162.
inline double EuclideanNorm(absl::Span<const double> v) {
  double square = 0;
  for (const double x : v) square += x * x;
  return std::sqrt(square);
}

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_
