#ifndef ENGRAM_SERVER_PARSE_MATRIX_H_
#define ENGRAM_SERVER_PARSE_MATRIX_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
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

// INVALID_ARGUMENT: `matrix` is not such a matrix with `cols` columns, which is the dimension `whose`, such
// as "the dim of bank 'faces'". `field` is its path in the request.
absl::StatusOr<ParsedMatrix> ParseMatrix(const v1::Matrix& matrix, const std::string& field, int64_t cols,
                                         const std::string& whose);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_MATRIX_H_
