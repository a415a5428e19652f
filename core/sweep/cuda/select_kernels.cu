#include <algorithm>
#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/select_kernels.h"
#include "core/sweep/cuda/tile_product.cuh"

namespace engram {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarp;
constexpr int kBlocksPerMultiprocessor = 8;

// Lanes of the canonical arithmetic.
constexpr int kLanes = 16;
constexpr int kRowsPerWarp = kWarp / kLanes;

// The place of one more entry for each lane with `takes`, in a list that all blocks fill.
__device__ uint32_t TakePlace(bool takes, uint32_t* count) {
  const unsigned takers = __ballot_sync(kAllLanes, takes);
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  uint32_t first = 0;
  if (lane == 0 && takers != 0) first = atomicAdd(count, static_cast<unsigned>(__popc(takers)));
  first = __shfl_sync(kAllLanes, first, 0);
  return first + static_cast<uint32_t>(__popc(takers & ((1U << lane) - 1)));
}

// The canonical score, in lane 0 of each half of a warp: lane l takes columns l, l + 16, ...; then the lanes
// are added in halves.
__device__ double CanonicalScore(const float* pattern, const double* state, int64_t dim) {
  double sum = 0;
  for (int64_t j = threadIdx.x % kLanes; j < dim; j += kLanes) {
    sum = fma(static_cast<double>(pattern[j]), state[j], sum);
  }
  for (int half = kLanes / 2; half >= 1; half /= 2) sum += __shfl_down_sync(kAllLanes, sum, half, kLanes);
  return sum;
}

// A block takes a share of the tiles of one state.
__global__ void __launch_bounds__(kThreads)
    BestLowers(DeviceBank bank, const float* uppers, const EstimateError* errors, int32_t chunk_count,
               float* lowers) {
  __shared__ float of_warps[kWarps];
  const int64_t chunk = blockIdx.x % chunk_count;
  const int64_t b = blockIdx.x / chunk_count;
  const int64_t begin = bank.tile_count * chunk / chunk_count;
  const int64_t end = bank.tile_count * (chunk + 1) / chunk_count;
  const EstimateError error = errors[b];
  float best = -INFINITY;
  int32_t segment = begin < end ? bank.Find(begin) : 0;
  for (int64_t t = begin + threadIdx.x; t < end; t += kThreads) {
    segment = bank.FindFrom(segment, t);
    const DeviceTiles& tiles = bank.segments[segment];
    const int64_t tile = t - tiles.begin;
    // The row with the largest upper bound has a score at most twice its error below.
    const float margin = error.Margin(tiles.tile_residuals[tile], tiles.tile_norms[tile]);
    best = fmaxf(best, uppers[b * bank.tile_count + t] - 2 * margin);
  }
  for (int step = kWarp / 2; step >= 1; step /= 2) {
    best = fmaxf(best, __shfl_xor_sync(kAllLanes, best, step));
  }
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = best;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 0; w < kWarps; ++w) best = fmaxf(best, of_warps[w]);
  lowers[b * chunk_count + chunk] = best;
}

// There may be more of them than the type says.
__device__ RowEntry* RowsOf(const SelectTask& task) { return task.selected->rows; }

// A block takes kThreads tiles of one state.
__global__ void __launch_bounds__(kThreads) ListTiles(SelectTask task, int64_t tile_blocks) {
  const auto b = static_cast<int32_t>(blockIdx.x / tile_blocks);
  const int64_t t = blockIdx.x % tile_blocks * kThreads + threadIdx.x;
  bool reaches = false;
  if (t < task.bank.tile_count) {
    const Cutoff cutoff = task.cutoffs[b];
    float upper = task.uppers[b * task.bank.tile_count + t];
    if (cutoff.factor != 1 || cutoff.distance != 0) {
      const DeviceTiles& tiles = task.bank.segments[task.bank.Find(t)];
      upper = cutoff.factor * upper + tiles.tile_norms[t - tiles.begin] * cutoff.distance;
    }
    reaches = upper >= cutoff.cut && upper != -INFINITY;
  }
  const uint32_t place = TakePlace(reaches, &task.selected->counts.tiles);
  if (reaches && place < task.capacity) task.tiles[place] = {b, static_cast<int32_t>(t)};
}

// A warp takes a listed tile at a time.
__global__ void __launch_bounds__(kThreads) OpenTiles(SelectTask task) {
  const DeviceBank& bank = task.bank;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int quarter = lane % 4;
  const auto warps = static_cast<uint32_t>(gridDim.x * kWarps);
  const auto warp = static_cast<uint32_t>(blockIdx.x * kWarps + threadIdx.x / kWarp);
  const uint32_t count = min(task.selected->counts.tiles, task.capacity);
  for (uint32_t i = warp; i < count; i += warps) {
    const TileEntry entry = task.tiles[i];
    const DeviceTiles& tiles = bank.segments[bank.Find(entry.tile)];
    const int64_t tile = entry.tile - tiles.begin;
    const uint32_t* const planes = task.states.planes + static_cast<int64_t>(entry.state) * 2 * bank.units;
    int32_t sums[1][2][4] = {};
    MultiplyTile(
        tiles.codes + tile * bank.units * kUnitWords * 4, planes, bank.units,
        [](const uint4* codes) { return *codes; }, sums);
    // Lane 4 i + r has row 4 r + i, for i < 4.
    const int of_quarter = lane / 4;
    int32_t first = 0;
    int32_t second = 0;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      if (of_quarter == r) {
        first = sums[0][0][r];
        second = sums[0][1][r];
      }
    }
    const int row = quarter * 4 + of_quarter;
    bool reaches = false;
    if (of_quarter < 4) {
      const int64_t place = tile * kDeviceTileRows + row;
      const float estimate =
          EstimateScore(tiles.scales[place], task.states.scales[entry.state], first, second);
      const float upper =
          estimate + task.states.errors[entry.state].Margin(tiles.residuals[place], tiles.norms[place]);
      const bool is_visible = ((task.states.visible[entry.state][entry.tile] >> row) & 1U) != 0;
      reaches = is_visible && upper >= task.cutoffs[entry.state].cut;
    }
    const uint32_t place = TakePlace(reaches, &task.selected->counts.rows);
    if (reaches && place < task.capacity) RowsOf(task)[place] = {0, entry.state, entry.tile, row};
  }
}

// Half a warp takes a listed row at a time.
__global__ void __launch_bounds__(kThreads) ScoreEntries(SelectTask task) {
  const DeviceBank& bank = task.bank;
  const auto half = static_cast<uint32_t>(threadIdx.x % kWarp / kLanes);
  const auto stride = static_cast<uint32_t>(gridDim.x * kWarps * kRowsPerWarp);
  const auto first = static_cast<uint32_t>((blockIdx.x * kWarps + threadIdx.x / kWarp) * kRowsPerWarp);
  const uint32_t count = min(task.selected->counts.rows, task.capacity);
  for (uint32_t i = first; i < count; i += stride) {
    const bool has_row = i + half < count;
    RowEntry* const entries = RowsOf(task);
    const RowEntry entry = entries[has_row ? i + half : i];
    const DeviceTiles& tiles = bank.segments[bank.Find(entry.tile)];
    const bool has_pattern = tiles.patterns != nullptr;
    const int64_t row = (entry.tile - tiles.begin) * kDeviceTileRows + entry.row;
    // The other half of the warp may have one: both meet in the sum.
    const double score =
        CanonicalScore(has_pattern ? tiles.patterns + row * bank.dim : nullptr,
                       task.exact_states + entry.state * bank.dim, has_pattern ? bank.dim : 0);
    if (has_row && has_pattern && threadIdx.x % kLanes == 0) entries[i + half].score = score;
  }
}

// Half a warp takes a row at a time, for all states.
__global__ void __launch_bounds__(kThreads)
    ScoreRange(const float* patterns, int64_t dim, int64_t begin, int64_t end, const double* states,
               int32_t count, double* scores) {
  const int64_t half = threadIdx.x % kWarp / kLanes;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * kWarps * kRowsPerWarp;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp) * kRowsPerWarp;
  for (int64_t i = begin + first; i < end; i += stride) {
    const bool has_row = i + half < end;
    const int64_t row = has_row ? i + half : i;
    for (int32_t s = 0; s < count; ++s) {
      const double score = CanonicalScore(patterns + row * dim, states + s * dim, dim);
      if (has_row && threadIdx.x % kLanes == 0) scores[s * (end - begin) + row - begin] = score;
    }
  }
}

int64_t BlocksFor(int64_t warps, int multiprocessors) {
  return std::clamp<int64_t>((warps + kWarps - 1) / kWarps, 1,
                             int64_t{multiprocessors} * kBlocksPerMultiprocessor);
}

}  // namespace

cudaError_t FindBestLowers(const DeviceBank& bank, const float* uppers, const EstimateError* errors,
                           int32_t state_count, int32_t chunk_count, float* lowers, cudaStream_t stream) {
  return Launch(BestLowers, int64_t{state_count} * chunk_count, kThreads, 0, stream, bank, uppers, errors,
                chunk_count, lowers);
}

cudaError_t SelectRows(const SelectTask& task, int multiprocessors, cudaStream_t stream) {
  const int64_t tile_blocks = (task.bank.tile_count + kThreads - 1) / kThreads;
  cudaError_t error = cudaMemsetAsync(&task.selected->counts, 0, sizeof(EntryCounts), stream);
  if (error != cudaSuccess) return error;
  error = Launch(ListTiles, tile_blocks * task.states.count, kThreads, 0, stream, task, tile_blocks);
  if (error != cudaSuccess) return error;
  error = Launch(OpenTiles, BlocksFor(task.capacity, multiprocessors), kThreads, 0, stream, task);
  if (error != cudaSuccess) return error;
  return Launch(ScoreEntries, BlocksFor(task.capacity / kRowsPerWarp, multiprocessors), kThreads, 0, stream,
                task);
}

cudaError_t ScoreRows(const float* patterns, int64_t dim, int64_t begin, int64_t end, const double* states,
                      int32_t count, double* scores, cudaStream_t stream) {
  constexpr int64_t kMostBlocks = 1 << 16;
  const int64_t rows_per_block = kWarps * kRowsPerWarp;
  const int64_t blocks = std::min((end - begin + rows_per_block - 1) / rows_per_block, kMostBlocks);
  return Launch(ScoreRange, blocks, kThreads, 0, stream, patterns, dim, begin, end, states, count, scores);
}

}  // namespace engram
