#ifndef ENGRAM_SERVER_PARSE_MATRIX_H_
#define ENGRAM_SERVER_PARSE_MATRIX_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/base/matrix_view.h"
#include "engram/v1/matrix.pb.h"

namespace engram {

// A matrix [rows, cols] from the wire: at least one row, all numbers finite and within Limits::kMaxMagnitude.
// A view of the message, which must outlive it.
struct ParsedMatrix {
  absl::Span<const float> values;
  int64_t rows = 0;
  int64_t cols = 0;
  v1::MatrixEncoding encoding = v1::MATRIX_ENCODING_BYTES;

  MatrixView<const float> view() const { return {values.data(), rows, cols}; }
};

// How many columns a matrix must have, and which setting of which bank says so.
struct Columns {
  int64_t count;
  const char* setting;
  absl::string_view bank;
};

// INVALID_ARGUMENT: `matrix` is not such a matrix with those columns. `field` is its path in the request.
absl::StatusOr<ParsedMatrix> ParseMatrix(const v1::Matrix& matrix, const std::string& field,
                                         const Columns& columns);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_MATRIX_H_
