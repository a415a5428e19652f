#ifndef ENGRAM_CORE_SWEEP_CPU_STREAM_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CPU_STREAM_KERNELS_H_

#include <cstdint>

#include "absl/types/span.h"

namespace engram {

// Rows of one block, which stays in the cache between its scores and its weighted sum.
inline constexpr int64_t kStreamBlock = 64;

// The two loops of a streamed softmax over a block of n <= kStreamBlock rows [n, D], for S states. All
// arithmetic is float32, each operation a fused multiply-add or an addition in a fixed order, so that all
// implementations return the same bytes, whatever n and S.
//
//   Score: sum_j x_j q_j in 32 interleaved lanes; lane l takes j = l, l + 32, ... in ascending order, and the
//     lanes are added by a binary tree: l and l + 16, l and l + 8, ... At most D / 32 + 6 roundings in a row.
//   Accumulate: sum_j += (double) of sum_r w_r x_rj, the first and the last 32 rows of the block apart, by
//     ascending r, the two then added. At most 33 roundings in a row.
struct StreamKernels {
  // "avx512", "avx2" or "portable".
  const char* name;
  // Whether this processor can run it.
  bool (*supported)();
  // scores[s * kStreamBlock + r] of states [S, D]. Asks for what lies `ahead` floats behind each row, the
  // next block, to be brought into the cache; 0: does not.
  void (*score)(const float* rows, int64_t row_count, int64_t dim, const float* states, int64_t state_count,
                float* scores, int64_t ahead);
  // sums[s] [D], for the weights weights[s] [kStreamBlock].
  void (*accumulate)(const float* rows, int64_t row_count, int64_t dim, const float* const* weights,
                     double* const* sums, int64_t state_count);
};

// All implementations in this build, best first; the last is the portable one, which is always supported.
absl::Span<const StreamKernels> AllStreamKernels();

// The best implementation that this processor supports.
const StreamKernels& BestStreamKernels();

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_STREAM_KERNELS_H_
