#ifndef ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_
#define ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/types/span.h"

namespace engram {

// Sums in so many lanes do not wait for each other.
inline constexpr size_t kNormLanes = 8;

// The sum of squares of v, in interleaved lanes that are then added. Squares may leave the range of double
// above 1e154 and below 1e-162.
inline double SquaredEuclideanNorm(absl::Span<const double> v) {
  double lane[kNormLanes] = {};
  size_t j = 0;
  for (; j + kNormLanes <= v.size(); j += kNormLanes) {
    for (size_t l = 0; l < kNormLanes; ++l) lane[l] += v[j + l] * v[j + l];
  }
  for (size_t l = 0; j + l < v.size(); ++l) lane[l] += v[j + l] * v[j + l];
  double square = 0;
  for (const double sum : lane) square += sum;
  return square;
}

inline double EuclideanNorm(absl::Span<const double> v) { return std::sqrt(SquaredEuclideanNorm(v)); }

// The largest |v_j|.
inline double LargestMagnitude(absl::Span<const double> v) {
  double lane[kNormLanes] = {};
  size_t j = 0;
  for (; j + kNormLanes <= v.size(); j += kNormLanes) {
    for (size_t l = 0; l < kNormLanes; ++l) lane[l] = std::max(lane[l], std::abs(v[j + l]));
  }
  for (size_t l = 0; j + l < v.size(); ++l) lane[l] = std::max(lane[l], std::abs(v[j + l]));
  return *std::max_element(lane, lane + kNormLanes);
}

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_EUCLIDEAN_NORM_H_
