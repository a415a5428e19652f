#include "core/codes/row_code.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/instruction_set.h"

namespace engram {
namespace {

constexpr float kLargestCode = 127;

// Adding and taking away 1.5 * 2^23 rounds a float32 below 2^22 to the nearest integer, in vectors, too.
constexpr float kRounder = 0x1.8p23F;

// Columns that are coded at a time: what the compiler makes vectors of.
constexpr int64_t kBlockColumns = 64;

constexpr int64_t kLanes = 16;

// A square is of a number that was rounded three times, by 2^-24 each; then it is rounded itself, and in up
// to five sums of a block's lane.
constexpr double kSquareRounding = 12 * 0x1p-24;

// Squares that add up to less may have lost something to underflow; from here on what D <= 65,536 of them
// lost, 2^-149 each, is nothing beside what rounding is allowed.
constexpr double kLeastSquare = 0x1p-100;

// The bits of a magnitude are in its order, and whole numbers may be compared in any order.
ENGRAM_INLINE float LargestMagnitude(const float* row, int64_t dim) {
  uint32_t largest = 0;
  for (int64_t j = 0; j < dim; ++j) {
    uint32_t bits;
    std::memcpy(&bits, row + j, sizeof bits);
    largest = std::max(largest, bits & 0x7fffffff);
  }
  float magnitude;
  std::memcpy(&magnitude, &largest, sizeof magnitude);
  return magnitude;
}

// The multiples of `scale` nearest to x, as codes; adds the squares of what is left, in units of the scale,
// to the lanes. What is left is rounded once, by 2^-24 of it.
ENGRAM_INLINE void EncodeLanes(const float* x, int64_t count, float scale, float inverse, uint8_t* codes,
                               float* squares) {
  for (int64_t l = 0; l < count; ++l) {
    const float code = (x[l] * inverse + kRounder) - kRounder;
    const float rest = __builtin_fmaf(-scale, code, x[l]) * inverse;
    squares[l] += rest * rest;
    codes[l] = static_cast<uint8_t>(static_cast<int>(code) + kCodeOffset);
  }
}

// Codes of `count` <= kBlockColumns components, 0 up to the end of their last unit.
ENGRAM_INLINE void EncodeBlock(const float* x, int64_t count, float scale, float inverse, uint8_t* codes,
                               float* squares) {
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) EncodeLanes(x + j, kLanes, scale, inverse, codes + j, squares);
  EncodeLanes(x + j, count - j, scale, inverse, codes + j, squares);
  for (j = count; j % kUnitColumns != 0; ++j) codes[j] = 0;
}

// |rest| in double precision.
double ResidualNorm(const float* row, int64_t dim, float scale, const uint8_t* place) {
  double square = 0;
  for (int64_t j = 0; j < dim; ++j) {
    const int code = place[j / kUnitColumns * kUnitBytes + j % kUnitColumns] - kCodeOffset;
    const double rest = static_cast<double>(row[j]) - static_cast<double>(scale) * code;
    square += rest * rest;
  }
  return std::sqrt(square);
}

// Writes the code of `row` to every kUnitBytes from `place` on.
ENGRAM_INLINE RowCode EncodeLoop(const float* row, int64_t dim, uint8_t* place) {
  // Rows too small for normal float32 arithmetic have no code but 0; their residual is all of them.
  const float largest = LargestMagnitude(row, dim);
  const bool coded = largest >= kLargestCode * kLeastNormBound;
  const float scale = coded ? largest / kLargestCode : 0;
  const float inverse = coded ? 1 / scale : 0;
  double squares[kLanes] = {};
  uint8_t codes[kBlockColumns];
  uint8_t* unit = place;
  for (int64_t begin = 0; begin < dim; begin += kBlockColumns) {
    const int64_t count = std::min(kBlockColumns, dim - begin);
    float of_block[kLanes] = {};
    EncodeBlock(row + begin, count, scale, inverse, codes, of_block);
    for (int64_t l = 0; l < kLanes; ++l) squares[l] += static_cast<double>(of_block[l]);
    for (int64_t j = 0; j < count; j += kUnitColumns, unit += kUnitBytes) {
      std::memcpy(unit, codes + j, kUnitColumns);
    }
  }
  double square = 0;
  for (const double lane : squares) square += lane;
  if (square < kLeastSquare) return {scale, RoundUp(ResidualNorm(row, dim, scale, place))};
  return {scale, RoundUp(static_cast<double>(scale) * std::sqrt(square * (1 + kSquareRounding)))};
}

RowCode EncodePortable(const float* row, int64_t dim, uint8_t* place) { return EncodeLoop(row, dim, place); }
#if defined(__x86_64__)
ENGRAM_TARGET_AVX2 RowCode EncodeAvx2(const float* row, int64_t dim, uint8_t* place) {
  return EncodeLoop(row, dim, place);
}
ENGRAM_TARGET_AVX512 RowCode EncodeAvx512(const float* row, int64_t dim, uint8_t* place) {
  return EncodeLoop(row, dim, place);
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

float RoundUp(double bound) {
  if (bound == 0) return 0;
  // 2^-29 covers the error of the bound; one unit more, that of the conversion.
  const auto rounded = static_cast<float>(bound * (1 + 0x1p-29));
  return std::max(std::nextafter(rounded, std::numeric_limits<float>::infinity()), kLeastNormBound);
}

RowCode EncodeRow(absl::Span<const float> row, int64_t lane, uint8_t* tile) {
  static const auto& best = FirstSupported(absl::MakeConstSpan(kEncoders));
  return best.run(row.data(), static_cast<int64_t>(row.size()), tile + lane * kUnitColumns);
}

}  // namespace engram
