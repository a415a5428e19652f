#ifndef ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_
#define ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_

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
};

}  // namespace engram

#endif  // ENGRAM_CORE_CODES_ESTIMATE_ERROR_H_
