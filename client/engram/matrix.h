#ifndef ENGRAM_CLIENT_MATRIX_H_
#define ENGRAM_CLIENT_MATRIX_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engram/v1/matrix.pb.h"

namespace engram {

// The wire form of a row-major matrix [values.size() / cols, cols], in the bytes encoding.
// REQUIRES: cols > 0 and values.size() is a multiple of cols.
v1::Matrix ToMatrix(absl::Span<const float> values, int64_t cols);

// The numbers of `matrix` [rows, cols], row-major, whichever encoding it has.
// INVALID_ARGUMENT: their count is not rows * cols, or both encodings are set.
absl::StatusOr<std::vector<float>> ToValues(const v1::Matrix& matrix);

}  // namespace engram

#endif  // ENGRAM_CLIENT_MATRIX_H_
