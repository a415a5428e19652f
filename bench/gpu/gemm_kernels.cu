#include <algorithm>
#include <cmath>

#include "bench/gpu/gemm_kernels.h"
#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram::bench {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int64_t kMostBlocks = 65'536;
constexpr int kWordColumns = 4;

// Of the filter: tiles that a warp bounds together, states that it bounds them for, and of how many of these
// the products are on their way at once.
constexpr int kWarpTiles = 8;
constexpr int kWarpStates = 16;
constexpr int kStatesAtOnce = 4;

__device__ int64_t ThreadOfGrid() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

// A thread takes words of 4 columns, one row's after the other's.
__global__ void __launch_bounds__(kThreads) Untile(DeviceBank bank, int64_t row_words, uint32_t* rows) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  const int64_t count = bank.tile_count * kDeviceTileRows * row_words;
  for (int64_t i = ThreadOfGrid(); i < count; i += step) {
    const int64_t row = i / row_words;
    const int64_t unit = i % row_words;
    const int64_t t = row / kDeviceTileRows;
    uint32_t word = 0;
    if (unit < bank.units) {
      const DeviceTiles& tiles = bank.segments[bank.Find(t)];
      const auto* const words = reinterpret_cast<const uint32_t*>(tiles.codes);
      word = words[((t - tiles.begin) * bank.units + unit) * kUnitWords + row % kDeviceTileRows];
    }
    rows[i] = word;
  }
}

__global__ void __launch_bounds__(kThreads)
    Unpack(const uint32_t* packed, int64_t count, int64_t padded_count, int64_t units, int64_t chunk_count,
           int64_t row_words, uint32_t* states) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = ThreadOfGrid(); i < padded_count * row_words; i += step) {
    const int64_t b = i / row_words;
    const int64_t unit = i % row_words;
    // Where PackedWord says.
    const int64_t place =
        (b / kGroupStates * chunk_count * kChunkUnits + unit) * kGroupStates + b % kGroupStates;
    states[i] = b < count && unit < units ? packed[place] : 0;
  }
}

// Lane 4 k + r has rows 4 r to 4 r + 3 of the k-th of the warp's tiles, whose products for a state are
// neighbours. Bounds are those of ScanMany (core/sweep/cuda/scan_kernels.cu), expression by expression; they
// are valid in lanes 4 k. Warps behind the last state do nothing.
__global__ void __launch_bounds__(kThreads)
    Filter(const int32_t* products, int64_t row_count, DeviceBank bank, DeviceStates states,
           int64_t first_tile, float* uppers) {
  const int64_t part_tiles = row_count / kDeviceTileRows;
  const int64_t tile_groups = (part_tiles + kWarpTiles - 1) / kWarpTiles;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int quarter = lane % 4;
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  const int64_t tile = warp % tile_groups * kWarpTiles + lane / 4;
  const int64_t first_state = warp / tile_groups * kWarpStates;
  const int64_t t = first_tile + tile;
  const bool is_there = tile < part_tiles;
  float scales[4] = {};
  float residuals[4] = {};
  float norms[4] = {};
  if (is_there) {
    const DeviceTiles& tiles = bank.segments[bank.Find(t)];
    const int64_t row = (t - tiles.begin) * kDeviceTileRows + quarter * 4;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      scales[i] = tiles.scales[row + i];
      residuals[i] = tiles.residuals[row + i];
      norms[i] = tiles.norms[row + i];
    }
  }
  for (int begin = 0; begin < kWarpStates; begin += kStatesAtOnce) {
    uint4 read[kStatesAtOnce] = {};
#pragma unroll
    for (int s = 0; s < kStatesAtOnce; ++s) {
      const int64_t b = first_state + begin + s;
      if (!is_there || b >= states.count) continue;
      read[s] =
          *reinterpret_cast<const uint4*>(products + b * row_count + tile * kDeviceTileRows + quarter * 4);
    }
#pragma unroll
    for (int s = 0; s < kStatesAtOnce; ++s) {
      const int64_t b = first_state + begin + s;
      const uint32_t sums[4] = {read[s].x, read[s].y, read[s].z, read[s].w};
      float upper = -INFINITY;
      if (is_there && b < states.count) {
        const float scale = states.scales[b];
        const EstimateError& error = states.errors[b];
        const unsigned visible = static_cast<unsigned>(states.visible[b][t]) >> (quarter * 4);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          if (((visible >> i) & 1U) == 0) continue;
          const float estimate = EstimateScore(scales[i], scale, static_cast<int32_t>(sums[i]), 0);
          upper = fmaxf(upper, estimate + error.Margin(residuals[i], norms[i]));
        }
      }
      upper = fmaxf(upper, __shfl_xor_sync(kAllLanes, upper, 1));
      upper = fmaxf(upper, __shfl_xor_sync(kAllLanes, upper, 2));
      if (quarter == 0 && is_there && b < states.count) uppers[b * bank.tile_count + t] = upper;
    }
  }
}

int64_t BlocksFor(int64_t count) { return std::min((count + kThreads - 1) / kThreads, kMostBlocks); }

}  // namespace

cudaError_t LaunchUntile(const DeviceBank& bank, int64_t columns, int8_t* rows, cudaStream_t stream) {
  const int64_t row_words = columns / kWordColumns;
  return Launch(Untile, BlocksFor(bank.tile_count * kDeviceTileRows * row_words), kThreads, 0, stream, bank,
                row_words, reinterpret_cast<uint32_t*>(rows));
}

cudaError_t LaunchUnpack(const uint32_t* packed, int64_t count, int64_t padded_count, int64_t units,
                         int64_t columns, int8_t* states, cudaStream_t stream) {
  const int64_t row_words = columns / kWordColumns;
  return Launch(Unpack, BlocksFor(padded_count * row_words), kThreads, 0, stream, packed, count, padded_count,
                units, ChunkCount(units), row_words, reinterpret_cast<uint32_t*>(states));
}

cudaError_t LaunchFilter(const int32_t* products, int64_t row_count, const DeviceBank& bank,
                         const DeviceStates& states, int64_t first_tile, float* uppers, cudaStream_t stream) {
  const int64_t tile_groups = (row_count / kDeviceTileRows + kWarpTiles - 1) / kWarpTiles;
  const int64_t state_groups = (int64_t{states.count} + kWarpStates - 1) / kWarpStates;
  const int64_t blocks = (tile_groups * state_groups + kWarps - 1) / kWarps;
  return Launch(Filter, blocks, kThreads, 0, stream, products, row_count, bank, states, first_tile, uppers);
}

}  // namespace engram::bench
