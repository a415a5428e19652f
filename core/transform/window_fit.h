#ifndef ENGRAM_CORE_TRANSFORM_WINDOW_FIT_H_
#define ENGRAM_CORE_TRANSFORM_WINDOW_FIT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/work_budget.h"

namespace engram {

// argmin |p|^2 / 2 - <w, gains> over w [n] with sum w = total, where p = sum_a w_a y_a and window y_a is 1 on
// the k positions from starts[a] on; starts ascend. w may be negative. Only differences of gains [n] matter.
//
// With levels U_a = w_1 + ... + w_a, p is U_h - U_l on each stretch of positions between the begin or end of
// some window and the next, so that U solves a graph's Laplacian system with at most 2 n edges. What that
// takes is spent from `work`.
std::vector<double> FitWindows(absl::Span<const int32_t> starts, int64_t k, absl::Span<const double> gains,
                               double total, WorkBudget* work);

// The least that FitWindows spends.
int64_t WorkToFit(int64_t window_count);

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_WINDOW_FIT_H_
