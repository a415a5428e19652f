#ifndef ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_
#define ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_

#include <cstdint>

#include "core/base/host_device.h"

namespace engram {

// A state's second plane counts 1 / 254 of its first, of which it writes the rest: half a step at most is 127
// / 254.
constexpr int kPlaneRatio = 254;

// How far the estimate of a row's scaled score may be off:
// residual * per_residual + norm * per_norm + constant, evaluated in float32.
struct EstimateError {
  float per_residual = 0;
  float per_norm = 0;
  float constant = 0;

  // Of a row with these norms, or of all rows whose norms are no larger.
  ENGRAM_HOST_DEVICE float Margin(float residual, float norm) const {
    return residual * per_residual + norm * per_norm + constant;
  }
};

// The estimate of a row's scaled score from its products with the planes of a state; `second` is 0 if there
// is one.
ENGRAM_HOST_DEVICE inline float EstimateScore(float row_scale, float state_scale, int32_t first,
                                              int32_t second) {
  const float product = static_cast<float>(first) + static_cast<float>(second) * (1.0F / kPlaneRatio);
  return product * state_scale * row_scale;
}

}  // namespace engram

#endif  // ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_
