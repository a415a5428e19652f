#include <algorithm>
#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/device_tiles.h"
#include "core/sweep/cuda/stream_kernels.h"
#include "core/sweep/cuda/stripe_sum.cuh"

namespace engram {
namespace {

constexpr int kWarps = kStreamStripes;
constexpr int kThreads = kWarps * kWarp;
// Rows after which warps that read the same ones wait for one another, so that the cache still has them.
constexpr int kTurnsTogether = 8;

// A warp has one of `width` states from `first_state` on, and one stripe of its block at a time: the warps of
// `width` states take the same stripe and read its rows together, kWarps / width stripes side by side. All
// warps of a block go through the same turns, in each of which a stripe has one row or none, so that they
// meet at the same barriers. Then those of a state add their stripes in order: whatever the width, the same
// numbers are added in the same order.
template <int kColumns, bool kIsFull>
__global__ void __launch_bounds__(kThreads, kColumns <= (kIsFull ? 24 : 8) ? 2 : 1)
    SumRows(StreamTask task, int32_t first_state, int32_t width) {
  auto* const kept = static_cast<double*>(DynamicSharedMemory());
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int at_a_time = kWarps / width;
  const int stripes = static_cast<int>(task.blocks) * kStreamStripes;
  const int32_t b = first_state + warp % width;
  const bool has_state = b < task.state_count;
  // Warps without a state only wait with the others.
  const StreamedState& state = task.states[has_state ? b : first_state];
  float* const scores = task.scores + b * task.row_count;
  StripeSum<kColumns, kIsFull> sum(state, task.dim, kept + warp * kColumns * kWarp);
  for (int round = 0; round < width; ++round) {
    const int64_t stripe =
        static_cast<int64_t>(blockIdx.x) * kStreamStripes + round * at_a_time + warp / width;
    sum.Clear();
    for (int32_t s = 0; s < task.segment_count; ++s) {
      const StreamedSegment& segment = task.segments[s];
      const int rows = segment.end - segment.begin;
      const int64_t first_turn = segment.begin / stripes;
      const auto turns = static_cast<int>((segment.end - 1) / stripes - first_turn + 1);
      int i = static_cast<int>(first_turn * stripes + stripe - segment.begin);
      for (int turn = 0; turn < turns; ++turn, i += stripes) {
        if (width > 1 && turn % kTurnsTogether == 0) __syncthreads();
        if (!has_state || i < 0 || i >= rows) continue;
        const float* const row = segment.patterns + static_cast<int64_t>(i) * task.dim;
        // What is asked for ahead is about as much for each width.
        const int ahead = (width + 1) / 2 * stripes;
        if (warp % width == 0 && i + ahead < rows && lane * kWarp < task.dim) {
          PrefetchToL2(row + ahead * task.dim + lane * kWarp);
        }
        const bool is_loose = i / kDeviceTileRows == rows / kDeviceTileRows;
        const uint16_t* const visible =
            is_loose ? state.loose + s : state.visible + segment.tile + i / kDeviceTileRows;
        const float score = sum.Take(row, segment.norms + i, visible, static_cast<int>(i % kDeviceTileRows));
        if (lane == 0) scores[segment.place + i] = score;
      }
    }
    for (int place = 0; place < at_a_time; ++place) {
      if (has_state && warp / width == place) {
        const int64_t k = b * task.blocks + blockIdx.x;
        sum.AddTo(round == 0 && place == 0, &task.block_sums[k], task.block_combinations + k * task.dim);
      }
      __syncthreads();
    }
  }
}

// A block takes kWarp columns of one state, a column a lane; its warps take every kWarps-th of the blocks'
// sums and add what they have one after the other.
__global__ void __launch_bounds__(kThreads) AddBlocks(StreamTask task, int64_t column_blocks) {
  __shared__ float largest_of[kThreads];
  __shared__ double factors[kThreads];
  __shared__ double totals[kThreads];
  __shared__ double squares[kThreads];
  __shared__ double of_warps[kWarps][kWarp];
  const int thread = static_cast<int>(threadIdx.x);
  const int warp = thread / kWarp;
  const int lane = thread % kWarp;
  const int64_t b = blockIdx.x / column_blocks;
  const int64_t j = blockIdx.x % column_blocks * kWarp + lane;
  const StreamSum* const sums = task.block_sums + b * task.blocks;
  const double* const combinations = task.block_combinations + b * task.blocks * task.dim;

  float largest = -INFINITY;
  for (int64_t k = thread; k < task.blocks; k += kThreads) largest = fmaxf(largest, sums[k].largest);
  largest_of[thread] = largest;
  __syncthreads();
  for (int t = 0; t < kThreads; ++t) largest = fmaxf(largest, largest_of[t]);

  // Of thread 0 of a state's first block alone, but for the sum.
  StreamSum whole;
  whole.largest = largest;
  double sum = 0;
  for (int64_t begin = 0; begin < task.blocks; begin += kThreads) {
    const int64_t count = min(task.blocks - begin, int64_t{kThreads});
    if (thread < count) {
      const StreamSum& of_block = sums[begin + thread];
      const double factor = Rescale(task.states[b].temperature, of_block.largest, largest);
      factors[thread] = factor;
      totals[thread] = factor == 0 ? 0 : factor * of_block.total;
      squares[thread] = factor == 0 ? 0 : factor * of_block.squares;
    }
    __syncthreads();
    for (int k = warp; j < task.dim && k < count; k += kWarps) {
      // What has no factor may have no sum.
      if (factors[k] != 0) sum = fma(factors[k], combinations[(begin + k) * task.dim + j], sum);
    }
    for (int k = 0; blockIdx.x % column_blocks == 0 && thread == 0 && k < count; ++k) {
      const StreamSum& of_block = sums[begin + k];
      if (of_block.largest == -INFINITY) continue;
      whole.largest_norm = fmaxf(whole.largest_norm, of_block.largest_norm);
      whole.row_count += of_block.row_count;
      whole.most_rows = max(whole.most_rows, of_block.most_rows);
      whole.total += totals[k];
      whole.squares += squares[k];
    }
    // Before the next are put in their place.
    __syncthreads();
  }
  of_warps[warp][lane] = sum;
  __syncthreads();
  if (warp != 0) return;
  for (int w = 1; w < kWarps; ++w) sum += of_warps[w][lane];
  if (j < task.dim) task.combinations[b * task.dim + j] = sum;
  if (blockIdx.x % column_blocks == 0 && thread == 0) task.sums[b] = whole;
}

template <int kColumns, bool kIsFull>
cudaError_t LaunchSumRows(const StreamTask& task, cudaStream_t stream) {
  constexpr int kKeptBytes = kWarps * kColumns * kWarp * static_cast<int>(sizeof(double));
  // On this device, which may not have been asked before. It costs next to nothing.
  cudaError_t error = cudaFuncSetAttribute(SumRows<kColumns, kIsFull>,
                                           cudaFuncAttributeMaxDynamicSharedMemorySize, kKeptBytes);
  for (int32_t first = 0; first < task.state_count; first += kMostStreamedStates) {
    int32_t width = 1;
    while (width < std::min(kMostStreamedStates, task.state_count - first)) width *= 2;
    if (error != cudaSuccess) return error;
    error = Launch(SumRows<kColumns, kIsFull>, task.blocks, kThreads, kKeptBytes, stream, task, first, width);
  }
  return error;
}

template <int kColumns>
cudaError_t SumAllRows(const StreamTask& task, cudaStream_t stream) {
  return task.dim == kColumns * kWarp ? LaunchSumRows<kColumns, true>(task, stream)
                                      : LaunchSumRows<kColumns, false>(task, stream);
}

}  // namespace

cudaError_t StreamRows(const StreamTask& task, cudaStream_t stream) {
  const int64_t columns = (task.dim + kWarp - 1) / kWarp;
  if (columns > kMostStreamedColumns / kWarp) return cudaErrorInvalidValue;
  const cudaError_t error = columns <= 1    ? SumAllRows<1>(task, stream)
                            : columns <= 2  ? SumAllRows<2>(task, stream)
                            : columns <= 4  ? SumAllRows<4>(task, stream)
                            : columns <= 8  ? SumAllRows<8>(task, stream)
                            : columns <= 16 ? SumAllRows<16>(task, stream)
                            : columns <= 24 ? SumAllRows<24>(task, stream)
                                            : SumAllRows<32>(task, stream);
  if (error != cudaSuccess) return error;
  return Launch(AddBlocks, task.state_count * columns, kThreads, 0, stream, task, columns);
}

}  // namespace engram
