#include "client/cli/rows.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace engram::cli {

absl::Status ValidateFinite(const Rows& rows) {
  for (size_t i = 0; i < rows.values.size(); ++i) {
    if (std::isfinite(rows.values[i])) continue;
    const int64_t index = static_cast<int64_t>(i);
    return absl::InvalidArgumentError(absl::StrCat("row ", index / rows.cols, ", column ", index % rows.cols,
                                                   " (counted from 0): got ", rows.values[i],
                                                   ", allowed are finite float32 numbers"));
  }
  return absl::OkStatus();
}

}  // namespace engram::cli
