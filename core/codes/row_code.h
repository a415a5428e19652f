#ifndef ENGRAM_CORE_CODES_ROW_CODE_H_
#define ENGRAM_CORE_CODES_ROW_CODE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace engram {

// Screening codes: a row x [D] in 8 bits, x = scale * c + rest with c in [-127, 127]^D. For any state q and
// any q^ near it,
//
//   x.q = scale * c.q^ + rest.q^ + x.(q - q^),   |x.q - scale * c.q^| <= |rest| |q^| + |x| |q - q^|
//
// by Cauchy-Schwarz: a product of integers and three numbers a row bound its exact score.
//
// Codes lie in tiles of 16 rows, in units of 4 columns: byte 4 l + j of unit u is c + 128 of row l and column
// 4 u + j, so that one instruction feeds 16 rows and no sum runs across a vector. Columns beyond D are 0.
constexpr int64_t kTileRows = 16;
constexpr int64_t kUnitColumns = 4;
constexpr int64_t kUnitBytes = kTileRows * kUnitColumns;
constexpr int kCodeOffset = 128;

inline int64_t UnitCount(int64_t dim) { return (dim + kUnitColumns - 1) / kUnitColumns; }
inline int64_t TileBytes(int64_t dim) { return UnitCount(dim) * kUnitBytes; }

// What screening knows of a row beside c.
struct RowCode {
  float scale = 0;
  float residual = 0;  // At least |rest|; 0 or at least kLeastNormBound.
};

// Below it, products of bounds in float32 would leave the range of normal numbers.
constexpr float kLeastNormBound = 0x1p-100F;

// `bound`, a norm in double with a relative error below 2^-30, as a float32 that is not less than the norm;
// 0, or at least kLeastNormBound. REQUIRES: bound <= 1e38.
float RoundUp(double bound);

// Writes the code of `row` [D], of components within 1e30, as row `lane` of `tile` [TileBytes(D)].
RowCode EncodeRow(absl::Span<const float> row, int64_t lane, uint8_t* tile);

}  // namespace engram

#endif  // ENGRAM_CORE_CODES_ROW_CODE_H_
