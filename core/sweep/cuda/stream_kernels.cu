#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/stream_kernels.h"

namespace engram {
namespace {

constexpr int kThreads = kStreamWarps * kWarp;

// What brings sums of a largest score to those of a larger one. Nothing has weight 0 below it.
__device__ double Rescale(const StreamTask& task, float from, float to) {
  if (from == -INFINITY) return 0;
  return exp(task.temperature * (static_cast<double>(from) - static_cast<double>(to)));
}

// Lane l has columns l, l + 32, ... of a row.
template <int kColumns>
class WarpSum {
 public:
  __device__ explicit WarpSum(const StreamTask& task) : task_(task) {
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      const int64_t j = threadIdx.x % kWarp + k * kWarp;
      state_[k] = j < task.dim ? task.state[j] : 0;
    }
  }

  // Takes a row in; returns its score.
  __device__ float Take(const float* row) {
    float x[kColumns];
    float score = 0;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      const int64_t j = threadIdx.x % kWarp + k * kWarp;
      x[k] = j < task_.dim ? __ldcs(row + j) : 0;
    }
#pragma unroll
    for (int k = 0; k < kColumns; ++k) score = fmaf(x[k], state_[k], score);
    // Every lane adds the same pairs, so that all have the same sum.
    for (int step = 1; step < kWarp; step *= 2) score += __shfl_xor_sync(kAllLanes, score, step);
    if (score > largest_) {
      Multiply(Rescale(task_, largest_, score));
      largest_ = score;
    }
    const double theta = task_.temperature * (static_cast<double>(score) - static_cast<double>(largest_));
    if (!(theta > -task_.window)) return score;
    const double weight = exp(theta);
    total_ += weight;
    double square = 0;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      const auto wide = static_cast<double>(x[k]);
      square = fma(wide, wide, square);
      sum_[k] = fma(weight, wide, sum_[k]);
    }
    squares_ = fma(weight, square, squares_);
    return score;
  }

  // Adds what the warps of a block have, one after the other, and writes it.
  __device__ void Write(StreamSum* sum, double* combination) {
    __shared__ float largest[kStreamWarps];
    __shared__ double totals[kStreamWarps];
    __shared__ double squares[kStreamWarps];
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    for (int step = 1; step < kWarp; step *= 2) squares_ += __shfl_xor_sync(kAllLanes, squares_, step);
    if (lane == 0) largest[warp] = largest_;
    __syncthreads();
    float of_block = -INFINITY;
    for (int w = 0; w < kStreamWarps; ++w) of_block = fmaxf(of_block, largest[w]);
    Multiply(Rescale(task_, largest_, of_block));
    if (lane == 0) {
      totals[warp] = total_;
      squares[warp] = squares_;
    }
    for (int w = 0; w < kStreamWarps; ++w) {
      __syncthreads();
      if (w != warp) continue;
#pragma unroll
      for (int k = 0; k < kColumns; ++k) {
        const int64_t j = lane + k * kWarp;
        if (j < task_.dim) combination[j] = w == 0 ? sum_[k] : combination[j] + sum_[k];
      }
    }
    if (threadIdx.x != 0) return;
    StreamSum whole;
    whole.largest = of_block;
    for (int w = 0; w < kStreamWarps; ++w) {
      whole.total += totals[w];
      whole.squares += squares[w];
    }
    *sum = whole;
  }

 private:
  __device__ void Multiply(double factor) {
    total_ *= factor;
    squares_ *= factor;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) sum_[k] *= factor;
  }

  const StreamTask& task_;
  float state_[kColumns];
  float largest_ = -INFINITY;
  double total_ = 0;
  double squares_ = 0;
  double sum_[kColumns] = {};
};

// A warp takes rows w, w + warps, ... by their numbers.
template <int kColumns>
__global__ void __launch_bounds__(kThreads) SumRows(StreamTask task) {
  const int64_t warps = static_cast<int64_t>(gridDim.x) * kStreamWarps;
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kStreamWarps + threadIdx.x / kWarp;
  WarpSum<kColumns> sum(task);
  for (int32_t s = 0; s < task.segment_count; ++s) {
    const DeviceRows& segment = task.segments[s];
    // The first of this warp's rows in the segment.
    const int64_t first = segment.begin + (warp - segment.begin % warps + warps) % warps;
    for (int64_t number = first; number < segment.end; number += warps) {
      const int64_t i = number - segment.begin;
      const bool is_visible = ((segment.visible[i / 16] >> (i % 16)) & 1U) != 0;
      const float score = is_visible ? sum.Take(segment.patterns + i * task.dim) : -INFINITY;
      if (threadIdx.x % kWarp == 0) segment.scores[i] = score;
    }
  }
  sum.Write(&task.sums[blockIdx.x], task.combinations + blockIdx.x * task.dim);
}

// A thread takes a column of the blocks' sums.
__global__ void __launch_bounds__(kThreads) AddBlocks(StreamTask task, int64_t blocks) {
  StreamSum whole;
  whole.largest = -INFINITY;
  for (int64_t b = 0; b < blocks; ++b) whole.largest = fmaxf(whole.largest, task.sums[b].largest);
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const double factor = Rescale(task, task.sums[b].largest, whole.largest);
    whole.total += factor * task.sums[b].total;
    whole.squares += factor * task.sums[b].squares;
    if (j < task.dim) sum += factor * task.combinations[b * task.dim + j];
  }
  if (j < task.dim) task.combinations[blocks * task.dim + j] = sum;
  if (j == 0) task.sums[blocks] = whole;
}

}  // namespace

cudaError_t StreamRows(const StreamTask& task, int64_t blocks, cudaStream_t stream) {
  const int64_t columns = (task.dim + kWarp - 1) / kWarp;
  void (*const kernel)(StreamTask) = columns <= 1    ? SumRows<1>
                                     : columns <= 2  ? SumRows<2>
                                     : columns <= 4  ? SumRows<4>
                                     : columns <= 8  ? SumRows<8>
                                     : columns <= 16 ? SumRows<16>
                                     : columns <= 24 ? SumRows<24>
                                     : columns <= 32 ? SumRows<32>
                                                     : nullptr;
  if (kernel == nullptr) return cudaErrorInvalidValue;
  const cudaError_t error = Launch(kernel, blocks, kThreads, 0, stream, task);
  if (error != cudaSuccess) return error;
  return Launch(AddBlocks, (task.dim + kThreads - 1) / kThreads, kThreads, 0, stream, task, blocks);
}

}  // namespace engram
