#include "core/sweep/cuda/combine_kernels.h"
#include "core/sweep/cuda/device_language.cuh"

namespace engram {
namespace {

constexpr int kThreads = 128;

// A thread takes a column of a block of rows.
__global__ void __launch_bounds__(kThreads)
    SumBlocks(const float* const* rows, const double* weights, int64_t count, int64_t dim,
              int64_t column_blocks, double* block_sums) {
  const int64_t block = blockIdx.x / column_blocks;
  const int64_t j = blockIdx.x % column_blocks * kThreads + threadIdx.x;
  if (j >= dim) return;
  const int64_t begin = block * kCombineBlock;
  const int64_t end = begin + kCombineBlock < count ? begin + kCombineBlock : count;
  double sum = 0;
#pragma unroll 8
  for (int64_t i = begin; i < end; ++i) sum = fma(weights[i], static_cast<double>(rows[i][j]), sum);
  block_sums[block * dim + j] = sum;
}

// A thread takes a column.
__global__ void __launch_bounds__(kThreads)
    AddBlockSums(const double* block_sums, int64_t blocks, int64_t dim, double* sum) {
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (j >= dim) return;
  double total = 0;
  for (int64_t b = 0; b < blocks; ++b) total += block_sums[b * dim + j];
  sum[j] = total;
}

}  // namespace

cudaError_t CombineRows(const float* const* rows, const double* weights, int64_t count, int64_t dim,
                        double* block_sums, double* sum, cudaStream_t stream) {
  const int64_t blocks = CombineBlocks(count);
  const int64_t column_blocks = (dim + kThreads - 1) / kThreads;
  const cudaError_t error = Launch(SumBlocks, blocks * column_blocks, kThreads, 0, stream, rows, weights,
                                   count, dim, column_blocks, block_sums);
  if (error != cudaSuccess) return error;
  return Launch(AddBlockSums, column_blocks, kThreads, 0, stream, block_sums, blocks, dim, sum);
}

}  // namespace engram
