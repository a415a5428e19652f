#include "core/codes/row_code.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace engram {
namespace {

constexpr float kLargestCode = 127;

// Adding and taking away 1.5 * 2^23 rounds a float32 below 2^22 to the nearest integer, in vectors, too.
constexpr float kRounder = 0x1.8p23F;

// Columns that are coded at a time: what the compiler makes vectors of.
constexpr int64_t kBlockColumns = 64;

float LargestMagnitude(absl::Span<const float> row) {
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::abs(x));
  return largest;
}

// Codes of `count` components, and the squared norm of what they leave.
double EncodeBlock(const float* x, int64_t count, float scale, float inverse, uint8_t* codes) {
  std::array<double, 4> squares{};
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    for (int64_t l = 0; l < 4; ++l) {
      const float code = (x[j + l] * inverse + kRounder) - kRounder;
      const double rest =
          static_cast<double>(x[j + l]) - static_cast<double>(scale) * static_cast<double>(code);
      squares[l] += rest * rest;
      codes[j + l] = static_cast<uint8_t>(static_cast<int>(code) + kCodeOffset);
    }
  }
  for (; j < count; ++j) {
    const float code = (x[j] * inverse + kRounder) - kRounder;
    const double rest = static_cast<double>(x[j]) - static_cast<double>(scale) * static_cast<double>(code);
    squares[0] += rest * rest;
    codes[j] = static_cast<uint8_t>(static_cast<int>(code) + kCodeOffset);
  }
  return (squares[0] + squares[1]) + (squares[2] + squares[3]);
}

}  // namespace

float RoundUp(double bound) {
  if (bound == 0) return 0;
  // 2^-29 covers the error of the bound; one unit more, that of the conversion.
  const auto rounded = static_cast<float>(bound * (1 + 0x1p-29));
  return std::max(std::nextafter(rounded, std::numeric_limits<float>::infinity()), kLeastNormBound);
}

RowCode EncodeRow(absl::Span<const float> row, int64_t lane, uint8_t* tile) {
  const auto dim = static_cast<int64_t>(row.size());
  // Rows too small for normal float32 arithmetic have no code but 0; their residual is all of them.
  const float largest = LargestMagnitude(row);
  const bool coded = largest >= kLargestCode * kLeastNormBound;
  const float scale = coded ? largest / kLargestCode : 0;
  const float inverse = coded ? 1 / scale : 0;
  double square = 0;
  std::array<uint8_t, kBlockColumns> codes;
  uint8_t* place = tile + lane * kUnitColumns;
  for (int64_t begin = 0; begin < dim; begin += kBlockColumns) {
    const int64_t count = std::min(kBlockColumns, dim - begin);
    if (count % kUnitColumns != 0) codes.fill(0);
    square += EncodeBlock(row.data() + begin, count, scale, inverse, codes.data());
    for (int64_t j = 0; j < count; j += kUnitColumns, place += kUnitBytes) {
      std::memcpy(place, codes.data() + j, kUnitColumns);
    }
  }
  return {scale, RoundUp(std::sqrt(square))};
}

}  // namespace engram
