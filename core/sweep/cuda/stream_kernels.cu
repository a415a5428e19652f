#include <algorithm>
#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/stream_kernels.h"

namespace engram {
namespace {

constexpr int kWarps = kStreamStripes;
constexpr int kThreads = kWarps * kWarp;
constexpr int kTileRows = 16;
// Rows after which warps that read the same ones wait for one another, so that the cache still has them.
constexpr int kTurnsTogether = 8;
// Rows that are added in float32: see StreamErrorBound.
constexpr int kFloatRows = 32;

// What brings sums of a largest score to those of a larger one. Nothing has weight 0 below it.
__device__ double Rescale(double temperature, float from, float to) {
  if (from == -INFINITY) return 0;
  return exp(temperature * (static_cast<double>(from) - static_cast<double>(to)));
}

// What a warp adds up: the rows of one stripe, for one state. Lane l has columns l, l + 32, ... of a row; all
// lanes have the rest. Few rows are added in float32, which takes less time and fewer registers, before they
// go to a sum in double.
template <int kColumns, bool kIsFull>
class StripeSum {
 public:
  // `kept` [kColumns, 32] is the warp's own.
  __device__ StripeSum(const StreamedState& state, int64_t dim, double* kept)
      : columns_(static_cast<int>(dim) - static_cast<int>(threadIdx.x) % kWarp),
        temperature_(state.temperature),
        window_(state.window),
        kept_(kept + threadIdx.x % kWarp) {
    const float* const from_lane = state.state + threadIdx.x % kWarp;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) state_[k] = Has(k) ? from_lane[k * kWarp] : 0;
    Clear();
  }

  __device__ void Clear() {
    largest_ = -INFINITY;
    largest_kept_ = -INFINITY;
    largest_norm_ = 0;
    row_count_ = 0;
    total_ = 0;
    squares_ = 0;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) sum_[k] = 0;
  }

  // Takes a row in, if it is visible; returns its score.
  __device__ float Take(const float* row, const float* its_norm, const uint16_t* visible, int bit) {
    // All at once: whether the row is visible is known as late as what it holds.
    float x[kColumns];
    const float* const from_lane = row + threadIdx.x % kWarp;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) x[k] = Has(k) ? __ldg(from_lane + k * kWarp) : 0;
    const float norm = __ldg(its_norm);
    if (((__ldg(visible) >> bit) & 1U) == 0) return -INFINITY;
    float score = 0;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) score = fmaf(x[k], state_[k], score);
    // Every lane adds the same pairs, so that all have the same sum.
    for (int step = 1; step < kWarp; step *= 2) score += __shfl_xor_sync(kAllLanes, score, step);
    ++row_count_;
    largest_norm_ = fmaxf(largest_norm_, norm);
    if (score > largest_ || row_count_ % kFloatRows == 0) Keep();
    if (score > largest_) {
      const double factor = Rescale(temperature_, largest_, score);
      total_ *= factor;
      squares_ *= factor;
      largest_ = score;
    }
    const double theta = temperature_ * (static_cast<double>(score) - static_cast<double>(largest_));
    if (!(theta > -window_)) return score;
    const auto weight = static_cast<float>(exp(theta));
    total_ += static_cast<double>(weight);
    const auto wide = static_cast<double>(norm);
    squares_ = fma(static_cast<double>(weight), wide * wide, squares_);
#pragma unroll
    for (int k = 0; k < kColumns; ++k) sum_[k] = fmaf(weight, x[k], sum_[k]);
    return score;
  }

  // Adds it to what the block has of the stripes before, of which there is none if `is_first`. The whole warp
  // takes part, and no other of the same state meanwhile.
  __device__ void AddTo(bool is_first, StreamSum* of_block, double* combination) {
    Keep();
    StreamSum whole;
    whole.largest = -INFINITY;
    if (!is_first) whole = *of_block;
    // Before lane 0 writes what others may still read.
    __syncwarp();
    const float largest = fmaxf(whole.largest, largest_);
    const double before = Rescale(temperature_, whole.largest, largest);
    const double added = Rescale(temperature_, largest_, largest);
    if (largest_ > -INFINITY) {
      double* const from_lane = combination + threadIdx.x % kWarp;
#pragma unroll 4
      for (int k = 0; k < kColumns; ++k) {
        if (!Has(k)) continue;
        const double of_others = whole.largest > -INFINITY ? before * from_lane[k * kWarp] : 0;
        from_lane[k * kWarp] = fma(added, kept_[k * kWarp], of_others);
      }
    }
    if (threadIdx.x % kWarp != 0) return;
    whole.largest = largest;
    whole.largest_norm = fmaxf(whole.largest_norm, largest_norm_);
    whole.row_count += row_count_;
    whole.most_rows = max(whole.most_rows, int64_t{row_count_});
    whole.total = fma(added, total_, before * whole.total);
    whole.squares = fma(added, squares_, before * whole.squares);
    *of_block = whole;
  }

 private:
  // Whether the lane has a column l + 32 k.
  __device__ bool Has(int k) const { return kIsFull || k * kWarp < columns_; }

  // Moves the sum in float32 to the one in double.
  __device__ void Keep() {
    if (largest_ == -INFINITY) return;
    const double factor = Rescale(temperature_, largest_kept_, largest_);
    const bool has_kept = largest_kept_ > -INFINITY;
#pragma unroll
    for (int k = 0; k < kColumns; ++k) {
      const double before = has_kept ? factor * kept_[k * kWarp] : 0;
      kept_[k * kWarp] = before + static_cast<double>(sum_[k]);
      sum_[k] = 0;
    }
    largest_kept_ = largest_;
  }

  const int columns_;  // From the lane's first one on.
  const double temperature_;
  const double window_;
  double* const kept_;  // Of weights that are relative to largest_kept_.
  float state_[kColumns];
  float largest_;
  float largest_kept_;
  float largest_norm_;
  int row_count_;
  double total_;
  double squares_;
  float sum_[kColumns];
};

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
        const bool is_loose = i / kTileRows == rows / kTileRows;
        const uint16_t* const visible =
            is_loose ? state.loose + s : state.visible + segment.tile + i / kTileRows;
        const float score = sum.Take(row, segment.norms + i, visible, static_cast<int>(i % kTileRows));
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
