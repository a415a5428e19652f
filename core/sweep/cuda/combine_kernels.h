#ifndef ENGRAM_CORE_SWEEP_CUDA_COMBINE_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_COMBINE_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

namespace engram {

// Rows of one block of a canonical sum; see blocked_sum.h.
constexpr int64_t kCombineBlock = 4096;
inline int64_t CombineBlocks(int64_t count) { return (count + kCombineBlock - 1) / kCombineBlock; }

// sum[j] = sum_i weights[i] rows[i][j] [D], bit by bit the canonical one: rows in the order given, in blocks
// of kCombineBlock, each by fused multiply-adds one after the other, then the sums of the blocks in order.
// `block_sums` [CombineBlocks(count), D] is scratch. All pointers are to the device's memory. REQUIRES: count
// >= 1.
cudaError_t CombineRows(const float* const* rows, const double* weights, int64_t count, int64_t dim,
                        double* block_sums, double* sum, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_COMBINE_KERNELS_H_
