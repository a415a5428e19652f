#ifndef ENGRAM_CORE_SWEEP_CPU_DENSE_SCAN_H_
#define ENGRAM_CORE_SWEEP_CPU_DENSE_SCAN_H_

#include <vector>

#include "absl/types/span.h"
#include "core/base/thread_pool.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The dense path: every visible row with its canonical score, in the order of the segments. A block of rows
// is read once for all of `states`, whose indices into all_states and results `dense` has.
void ScoreAllRows(const RowScorer& scorer, absl::Span<const SweepState> all_states,
                  const std::vector<size_t>& dense, ThreadPool* pool, absl::Span<SweepResult> results);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_DENSE_SCAN_H_
