#include "client/cli/wire_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engram/matrix.h"

namespace engram::cli {

v1::Matrix ToWire(const Rows& rows) { return ToMatrix(rows.values, rows.cols); }

absl::StatusOr<Rows> FromWire(const v1::Matrix& matrix, int64_t count) {
  if (matrix.rows() == 0 && matrix.cols() == 0) return Rows{};
  absl::StatusOr<std::vector<float>> values = ToValues(matrix);
  if (!values.ok()) return absl::InternalError(absl::StrCat("the response: ", values.status().message()));
  if (matrix.rows() != count || matrix.cols() <= 0) {
    return absl::InternalError(absl::StrCat("the response has a matrix [", matrix.rows(), ", ", matrix.cols(),
                                            "], expected ", count, " rows"));
  }
  return Rows{matrix.cols(), *std::move(values)};
}

}  // namespace engram::cli
