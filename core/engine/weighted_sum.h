#ifndef ENGRAM_CORE_ENGINE_WEIGHTED_SUM_H_
#define ENGRAM_CORE_ENGINE_WEIGHTED_SUM_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "core/base/thread_pool.h"
#include "core/sweep/sweeper.h"

namespace engram {

// sum_i p_i row(i) [dim] over `members`, with p = weights, in canonical order: blocks of kSumBlock members,
// each summed sequentially, then the block sums in order. Threads of `pool`, which may be null, take whole
// blocks, so that their number does not matter. `row` is called from several threads.
// REQUIRES: not called from one of the pool's own threads.
std::vector<double> WeightedSum(absl::Span<const Survivor> members, absl::Span<const double> weights,
                                int64_t dim, absl::FunctionRef<absl::Span<const float>(RowRef)> row,
                                ThreadPool* pool);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_WEIGHTED_SUM_H_
