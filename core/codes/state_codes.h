#ifndef ENGRAM_CORE_CODES_STATE_CODES_H_
#define ENGRAM_CORE_CODES_STATE_CODES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/codes/estimate_error.h"

namespace engram {

// States as the codes of rows are multiplied with them, and how far the products may be off.
//
// A state q is scaled by a power of two, 2^-e, to a norm in [1/2, 1), then written as one or two planes of
// int8: q 2^-e = scale (plane 0 + plane 1 / 254) + rest. With one plane the rest is about 1 / 250 of the
// state and counts as much as that of a row; with two it is 1 / 60,000 and does not count, for twice the
// multiplications. The estimate of a row's score, scaled,
//
//   row scale * scale * (c.plane 0 + c.plane 1 / 254),
//
// is off by at most error(b).
class StateCodes {
 public:
  // REQUIRES: states of dimension `dim`, finite; plane_count is 1 or 2.
  StateCodes(absl::Span<const absl::Span<const double>> states, int64_t dim, int plane_count);

  int64_t size() const { return static_cast<int64_t>(scales_.size()); }
  int plane_count() const { return plane_count_; }
  // [B, plane_count, 4 * UnitCount(D)]; 0 beyond column D.
  const int8_t* planes() const { return planes_.data(); }
  // [B, plane_count]: the sum of each plane.
  const int32_t* sums() const { return sums_.data(); }
  // [B]
  const float* scales() const { return scales_.data(); }

  // exact score = ldexp(scaled score, exponent(b)).
  int exponent(int64_t b) const { return exponents_[b]; }
  // Of scaled estimates, their evaluation in float32 included.
  const EstimateError& error(int64_t b) const { return errors_[b]; }
  const std::vector<EstimateError>& errors() const { return errors_; }

 private:
  // Appends a plane: the nearest integers to scaled[j] / step; takes step times them off `scaled`.
  void AppendPlane(double step, absl::Span<double> scaled);

  const int plane_count_;
  const int64_t columns_;
  std::vector<int8_t> planes_;
  std::vector<int32_t> sums_;
  std::vector<float> scales_;
  std::vector<int> exponents_;
  std::vector<EstimateError> errors_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_CODES_STATE_CODES_H_
