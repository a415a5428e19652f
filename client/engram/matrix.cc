#include "engram/matrix.h"

#include <cassert>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace engram {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire's float32 are little-endian");

v1::Matrix ToMatrix(absl::Span<const float> values, int64_t cols) {
  assert(cols > 0 && static_cast<int64_t>(values.size()) % cols == 0);
  v1::Matrix matrix;
  matrix.set_rows(static_cast<int64_t>(values.size()) / cols);
  matrix.set_cols(cols);
  matrix.set_data(values.data(), values.size() * sizeof(float));
  return matrix;
}

absl::StatusOr<std::vector<float>> ToValues(const v1::Matrix& matrix) {
  const size_t in_bytes = matrix.data().size() / sizeof(float);
  const auto in_floats = static_cast<size_t>(matrix.values_size());
  const size_t count = in_bytes + in_floats;
  const bool one_encoding = in_bytes == 0 || in_floats == 0;
  const bool whole = matrix.data().size() % sizeof(float) == 0;
  // Division instead of multiplication: rows * cols may overflow.
  const bool fits = matrix.cols() > 0 ? count % matrix.cols() == 0 &&
                                            static_cast<int64_t>(count) / matrix.cols() == matrix.rows()
                                      : count == 0;
  if (!one_encoding || !whole || !fits) {
    return absl::InvalidArgumentError(absl::StrCat("matrix: got ", matrix.data().size(), " bytes and ",
                                                   in_floats,
                                                   " numbers, allowed rows * cols = ", matrix.rows(), " * ",
                                                   matrix.cols(), " numbers in one of the two"));
  }
  std::vector<float> values(matrix.values().begin(), matrix.values().end());
  if (in_bytes > 0) {
    values.resize(in_bytes);
    std::memcpy(values.data(), matrix.data().data(), matrix.data().size());
  }
  return values;
}

}  // namespace engram
