#ifndef ENGRAM_CORE_SWEEP_CUDA_STRIPE_SUM_CUH_
#define ENGRAM_CORE_SWEEP_CUDA_STRIPE_SUM_CUH_

#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/stream_kernels.h"

namespace engram {

// Rows that are added in float32: see StreamErrorBound.
constexpr int kFloatRows = 32;

// What brings sums of a largest score to those of a larger one; 0 for sums of nothing, whose largest score is
// -infinity.
__device__ inline double Rescale(double temperature, float from, float to) {
  if (from == -INFINITY) return 0;
  return exp(temperature * (static_cast<double>(from) - static_cast<double>(to)));
}

// What a warp adds up: the rows of one stripe, for one state. Lane l has columns l, l + 32, ... of a row; all
// lanes have the rest. Few rows are added in float32, which takes less time and fewer registers, before they
// go to a sum in double.
template <int kColumns, bool kIsFull>
class StripeSum {
 public:
  // `kept` [kColumns, 32] is the warp's own, in shared memory.
  __device__ StripeSum(const StreamedState& state, int64_t dim, double* kept)
      : columns_(static_cast<int>(dim) - static_cast<int>(threadIdx.x) % kWarp),
        stream_(state),
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
      const double factor = Rescale(stream_.temperature, largest_, score);
      total_ *= factor;
      squares_ *= factor;
      largest_ = score;
    }
    const double theta = stream_.temperature * (static_cast<double>(score) - static_cast<double>(largest_));
    if (!(theta > -stream_.window)) return score;
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
    const double before = Rescale(stream_.temperature, whole.largest, largest);
    const double added = Rescale(stream_.temperature, largest_, largest);
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
    const double factor = Rescale(stream_.temperature, largest_kept_, largest_);
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
  const StreamedState& stream_;
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

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_STRIPE_SUM_CUH_
