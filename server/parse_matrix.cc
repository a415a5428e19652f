#include "server/parse_matrix.h"

#include <cassert>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/limits.h"

namespace engram {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire's float32 are little-endian");

absl::Status CheckShape(const v1::Matrix& matrix, const std::string& field, const Columns& columns) {
  const int64_t cols = columns.count;
  if (matrix.rows() < 1) {
    return InvalidField(absl::StrCat(field, ".rows"), absl::StrCat(matrix.rows()), "1 or more");
  }
  if (matrix.cols() != cols) {
    return InvalidField(absl::StrCat(field, ".cols"), absl::StrCat(matrix.cols()),
                        absl::StrCat(cols, ", the ", columns.setting, " of bank '", columns.bank, "'"));
  }
  if (!matrix.data().empty() && matrix.values_size() > 0) {
    return InvalidField(field, "both data and values", "one of the two");
  }
  const bool floats = matrix.values_size() > 0;
  const int64_t unit = floats ? 1 : static_cast<int64_t>(sizeof(float));
  const int64_t got = floats ? matrix.values_size() : static_cast<int64_t>(matrix.data().size());
  // Division instead of multiplication: rows * cols may overflow.
  if (got % (cols * unit) != 0 || got / (cols * unit) != matrix.rows()) {
    return InvalidField(absl::StrCat(field, floats ? ".values" : ".data"),
                        absl::StrCat(got, floats ? " numbers" : " bytes"),
                        absl::StrCat("rows * cols", floats ? "" : " * 4", " = ", matrix.rows(), " * ", cols,
                                     floats ? "" : " * 4"));
  }
  return absl::OkStatus();
}

// Written so that NaN fails.
bool IsAllowed(float value) { return std::abs(value) <= Limits::kMaxMagnitude; }

absl::Status CheckNumbers(const ParsedMatrix& matrix, const std::string& field) {
  // Without a branch for each: nearly always all are.
  int refused = 0;
  for (const float value : matrix.values) refused |= static_cast<int>(!IsAllowed(value));
  if (refused == 0) return absl::OkStatus();
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (IsAllowed(matrix.values[i])) continue;
    const auto index = static_cast<int64_t>(i);
    return InvalidField(absl::StrCat(field, "[", index / matrix.cols, ", ", index % matrix.cols, "]"),
                        absl::StrCat(matrix.values[i]), "a finite number of magnitude at most 1e30");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParsedMatrix> ParseMatrix(const v1::Matrix& matrix, const std::string& field,
                                         const Columns& columns) {
  ENGRAM_RETURN_IF_ERROR(CheckShape(matrix, field, columns));
  ParsedMatrix parsed;
  parsed.rows = matrix.rows();
  parsed.cols = columns.count;
  if (matrix.values_size() > 0) {
    parsed.encoding = v1::MATRIX_ENCODING_FLOATS;
    parsed.values = absl::MakeConstSpan(matrix.values().data(), matrix.values_size());
  } else {
    // A string's bytes are aligned for any of its machine's numbers, allocated or not.
    const char* const data = matrix.data().data();
    assert(reinterpret_cast<uintptr_t>(data) % alignof(float) == 0);
    parsed.values =
        absl::MakeConstSpan(reinterpret_cast<const float*>(data), matrix.data().size() / sizeof(float));
  }
  ENGRAM_RETURN_IF_ERROR(CheckNumbers(parsed, field));
  return parsed;
}

}  // namespace engram
