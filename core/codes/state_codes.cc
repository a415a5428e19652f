#include "core/codes/state_codes.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/base/euclidean_norm.h"
#include "core/base/instruction_set.h"
#include "core/codes/row_code.h"
#include "core/codes/scaled_state.h"

namespace engram {
namespace {

constexpr double kLargestCode = 127;

// Adding and taking away 1.5 * 2^52 rounds a double below 2^51 to the nearest integer.
constexpr double kRounder = 0x1.8p52;

// The estimate and its error are evaluated in float32 with fewer than 16 operations, each of which rounds
// numbers of at most 4 |x| |q| by 2^-24; canonical scores and the numbers below round by far less.
constexpr double kRoundingPerNorm = 16 * 4 * 0x1p-24;
// What those operations may lose to underflow, each at most 2^-149 times a factor below 2^20.
constexpr float kUnderflow = 0x1p-120F;

// The nearest integers to scaled[j] / step within the codes' range; takes step times them off `scaled`.
// Returns their sum.
ENGRAM_INLINE int32_t EncodeLoop(double step, double inverse, double* scaled, int64_t count, int8_t* codes) {
  int32_t sum = 0;
  for (int64_t j = 0; j < count; ++j) {
    const double nearest = (scaled[j] * inverse + kRounder) - kRounder;
    const double code = std::min(std::max(nearest, -kLargestCode), kLargestCode);
    scaled[j] -= step * code;
    codes[j] = static_cast<int8_t>(static_cast<int32_t>(code));
    sum += static_cast<int32_t>(code);
  }
  return sum;
}

int32_t EncodePortable(double step, double inverse, double* scaled, int64_t count, int8_t* codes) {
  return EncodeLoop(step, inverse, scaled, count, codes);
}
#if defined(__x86_64__)
ENGRAM_TARGET_AVX2 int32_t EncodeAvx2(double step, double inverse, double* scaled, int64_t count,
                                      int8_t* codes) {
  return EncodeLoop(step, inverse, scaled, count, codes);
}
ENGRAM_TARGET_AVX512 int32_t EncodeAvx512(double step, double inverse, double* scaled, int64_t count,
                                          int8_t* codes) {
  return EncodeLoop(step, inverse, scaled, count, codes);
}
#endif

// One encoder for each instruction set, best first; all write the same codes.
constexpr CompiledLoop<decltype(EncodePortable)> kEncoders[] = {
#if defined(__x86_64__)
    {HasAvx512, EncodeAvx512},
    {HasAvx2, EncodeAvx2},
#endif
    {HasBaseline, EncodePortable},
};

}  // namespace

StateCodes::StateCodes(absl::Span<const absl::Span<const double>> states, int64_t dim, int plane_count)
    : plane_count_(plane_count), columns_(UnitCount(dim) * kUnitColumns) {
  assert(plane_count == 1 || plane_count == 2);
  planes_.reserve(states.size() * plane_count * columns_);
  for (const absl::Span<const double> state : states) {
    ScaledState scaled(state);
    const auto scale = static_cast<float>(LargestMagnitude(scaled.components) / kLargestCode);
    const absl::Span<double> rest = absl::MakeSpan(scaled.components);
    AppendPlane(scale, rest);
    if (plane_count == 2) AppendPlane(scale / kPlaneRatio, rest);
    const double rest_norm = EuclideanNorm(rest);
    scales_.push_back(scale);
    exponents_.push_back(scaled.exponent);
    errors_.push_back(
        {RoundUp(scaled.norm + rest_norm), RoundUp(rest_norm + kRoundingPerNorm * scaled.norm), kUnderflow});
  }
}

void StateCodes::AppendPlane(double step, absl::Span<double> scaled) {
  const double inverse = step == 0 ? 0 : 1 / step;
  const size_t begin = planes_.size();
  planes_.resize(begin + columns_);
  static const auto& best = FirstSupported(absl::MakeConstSpan(kEncoders));
  sums_.push_back(
      best.run(step, inverse, scaled.data(), static_cast<int64_t>(scaled.size()), planes_.data() + begin));
}

}  // namespace engram
