#ifndef ENGRAM_CORE_BASE_COLUMN_SUMS_H_
#define ENGRAM_CORE_BASE_COLUMN_SUMS_H_

#include "absl/types/span.h"
#include "core/base/exact_sum.h"
#include "core/base/matrix_view.h"

namespace engram {

// sums[j].Add(rows[i, j]) for every component of `rows` [n, D], some times faster. REQUIRES: all are finite,
// and n < 2^39.
void AddToColumnSums(MatrixView<const float> rows, absl::Span<ExactSum> sums);

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_COLUMN_SUMS_H_
