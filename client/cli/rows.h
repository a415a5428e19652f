#ifndef ENGRAM_CLIENT_CLI_ROWS_H_
#define ENGRAM_CLIENT_CLI_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace engram::cli {

// The numbers of a file or of a flag [n, D], row-major.
struct Rows {
  int64_t cols = 0;
  std::vector<float> values;

  int64_t count() const { return cols == 0 ? 0 : static_cast<int64_t>(values.size()) / cols; }

  // REQUIRES: 0 <= index < count().
  absl::Span<const float> row(int64_t index) const {
    return absl::MakeConstSpan(values).subspan(static_cast<size_t>(index * cols), static_cast<size_t>(cols));
  }
};

// INVALID_ARGUMENT: a number is NaN or infinite as a float32; the text names its row and column, both
// counted from 0.
absl::Status ValidateFinite(const Rows& rows);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_ROWS_H_
