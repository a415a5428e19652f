#include <algorithm>
#include <cmath>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/scan_kernels.h"
#include "core/sweep/cuda/tile_product.cuh"

namespace engram {
namespace {

constexpr int kFewThreads = 256;
constexpr int kFewBlocksPerMultiprocessor = 8;
// A block that runs goes before one of a more important stream that has not begun: so no warp takes more
// tiles than these, however large the bank.
constexpr int kFewTilesPerWarp = 8;
// More shared memory would have to be asked for; states that do not fit are read through the cache.
constexpr int64_t kMostSharedBytes = 48 << 10;

constexpr int kManyWarps = 4;
constexpr int kManyThreads = kManyWarps * kWarp;
constexpr int kWarpTiles = 2;
constexpr int kBlockTiles = kManyWarps * kWarpTiles;
constexpr int kStages = 3;
constexpr int kTileChunkBytes = kChunkUnits * kUnitWords * 4;
constexpr int kGroupChunkWords = kChunkUnits * kGroupStates;
constexpr int kCopyBytes = 16;

// The larger of the upper bounds of two neighbouring rows, of those whose bits are set.
__device__ float UpperOfPair(float2 estimates, float2 residuals, float2 norms, const EstimateError& error,
                             unsigned visible) {
  float upper = -INFINITY;
  if ((visible & 1U) != 0) upper = fmaxf(upper, estimates.x + error.Margin(residuals.x, norms.x));
  if ((visible & 2U) != 0) upper = fmaxf(upper, estimates.y + error.Margin(residuals.y, norms.y));
  return upper;
}

// A warp takes a tile at a time.
template <int kStates, int kPlanes>
__global__ void __launch_bounds__(kFewThreads)
    ScanFew(DeviceBank bank, DeviceStates states, bool is_shared, float* uppers) {
  const uint32_t* planes = states.planes;
  if (is_shared) {
    auto* const shared = static_cast<uint32_t*>(DynamicSharedMemory());
    const int words = kStates * kPlanes * bank.units;
    for (int i = static_cast<int>(threadIdx.x); i < words; i += kFewThreads) shared[i] = planes[i];
    __syncthreads();
    planes = shared;
  }
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int quarter = lane % 4;
  const int of_quarter = lane / 4;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * (kFewThreads / kWarp);
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * (kFewThreads / kWarp) + threadIdx.x / kWarp;
  int32_t segment = 0;
  for (int64_t t = warp; t < bank.tile_count; t += warps) {
    segment = bank.FindFrom(segment, t);
    const DeviceTiles& tiles = bank.segments[segment];
    const int64_t tile = t - tiles.begin;
    int32_t sums[kStates][kPlanes][4] = {};
    MultiplyTile(
        tiles.codes + tile * bank.units * kUnitWords * 4, planes, bank.units,
        [](const uint4* codes) { return __ldcs(codes); }, sums);
    // Lane 4 s + r bounds the rows of its quarter for state s.
    const int64_t row = tile * kDeviceTileRows + quarter * 4;
    float upper = -INFINITY;
#pragma unroll
    for (int s = 0; s < kStates; ++s) {
      if (of_quarter != s) continue;
      const unsigned visible = static_cast<unsigned>(states.visible[s][t]) >> (quarter * 4);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (((visible >> i) & 1U) == 0) continue;
        const float estimate = EstimateScore(tiles.scales[row + i], states.scales[s], sums[s][0][i],
                                             kPlanes == 2 ? sums[s][kPlanes - 1][i] : 0);
        upper =
            fmaxf(upper, estimate + states.errors[s].Margin(tiles.residuals[row + i], tiles.norms[row + i]));
      }
    }
    upper = fmaxf(upper, __shfl_xor_sync(kAllLanes, upper, 1));
    upper = fmaxf(upper, __shfl_xor_sync(kAllLanes, upper, 2));
    if (quarter == 0 && of_quarter < kStates) uppers[of_quarter * bank.tile_count + t] = upper;
  }
}

// What a block of ScanMany has in dynamic shared memory, kStages times.
template <int kGroups>
struct Stage {
  unsigned char rows[kBlockTiles][kTileChunkBytes];
  uint32_t states[kGroups][kGroupChunkWords];
};

// The codes of a block's tiles and of its states, chunk by chunk, on their way to shared memory.
template <int kGroups>
class Pipeline {
 public:
  // `tiles` [kBlockTiles] in shared memory, null where there is no tile. `packed` begins at the block's
  // states.
  __device__ Pipeline(const int8_t* const* tiles, const uint32_t* packed, int groups, int chunks)
      : stages_(static_cast<Stage<kGroups>*>(DynamicSharedMemory())),
        tiles_(tiles),
        packed_(packed),
        groups_(groups),
        chunks_(chunks) {
    for (int chunk = 0; chunk < kStages - 1; ++chunk) Begin(chunk);
  }

  // Chunk `chunk`, which is there; begins a later one. Called with 0, 1, ... by all threads.
  __device__ const Stage<kGroups>& Next(int chunk) {
    WaitForCopies<kStages - 2>();
    __syncthreads();  // All copies are there, and nobody reads the stage that is filled next.
    Begin(chunk + kStages - 1);
    return stages_[chunk % kStages];
  }

 private:
  __device__ void Begin(int chunk) {
    if (chunk < chunks_) {
      Stage<kGroups>& stage = stages_[chunk % kStages];
      constexpr int kTileCopies = kTileChunkBytes / kCopyBytes;
      for (int i = static_cast<int>(threadIdx.x); i < kBlockTiles * kTileCopies; i += kManyThreads) {
        const int8_t* const tile = tiles_[i / kTileCopies];
        const int begin = i % kTileCopies * kCopyBytes;
        if (tile == nullptr) continue;
        CopyAsync16(stage.rows[i / kTileCopies] + begin,
                    tile + static_cast<int64_t>(chunk) * kTileChunkBytes + begin);
      }
      constexpr int kCopyWords = kCopyBytes / 4;
      constexpr int kGroupCopies = kGroupChunkWords / kCopyWords;
      for (int i = static_cast<int>(threadIdx.x); i < groups_ * kGroupCopies; i += kManyThreads) {
        const int group = i / kGroupCopies;
        const int begin = i % kGroupCopies * kCopyWords;
        const int64_t from = (static_cast<int64_t>(group) * chunks_ + chunk) * kGroupChunkWords;
        CopyAsync16(stage.states[group] + begin, packed_ + from + begin);
      }
    }
    CommitCopies();  // Empty groups count, too.
  }

  Stage<kGroups>* const stages_;
  const int8_t* const* const tiles_;
  const uint32_t* const packed_;
  const int groups_;
  const int chunks_;
};

// A block takes kBlockTiles tiles and up to 8 kGroups states. Blocks of the same tiles follow one another, so
// that the second-level cache has the codes. Row g of a product is row 2 g of the tile, and row g + 8 is row
// 2 g + 1: their words are neighbours.
template <int kGroups>
__global__ void __launch_bounds__(kManyThreads)
    ScanMany(DeviceBank bank, DeviceStates states, const uint32_t* packed, float* uppers) {
  __shared__ const int8_t* tile_codes[kBlockTiles];
  __shared__ int32_t tile_segments[kBlockTiles];
  __shared__ float bounds[kGroups * kGroupStates][kBlockTiles];
  const int groups = (states.count + kGroupStates - 1) / kGroupStates;
  const int state_blocks = (groups + kGroups - 1) / kGroups;
  const int first_group = static_cast<int>(blockIdx.x) % state_blocks * kGroups;
  const int64_t first_tile = static_cast<int64_t>(blockIdx.x) / state_blocks * kBlockTiles;
  const int chunks = (bank.units + kChunkUnits - 1) / kChunkUnits;
  if (threadIdx.x < kBlockTiles) {
    const int64_t t = first_tile + threadIdx.x;
    tile_codes[threadIdx.x] = nullptr;
    if (t < bank.tile_count) {
      const int32_t segment = bank.Find(t);
      const DeviceTiles& tiles = bank.segments[segment];
      tile_segments[threadIdx.x] = segment;
      tile_codes[threadIdx.x] = tiles.codes + (t - tiles.begin) * bank.units * kUnitWords * 4;
    }
  }
  __syncthreads();

  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp_tile = static_cast<int>(threadIdx.x) / kWarp * kWarpTiles;
  const int g = lane / 4;
  const int word = lane % 4;
  int32_t sums[kWarpTiles][kGroups][4] = {};
  Pipeline<kGroups> pipeline(tile_codes,
                             packed + static_cast<int64_t>(first_group) * chunks * kGroupChunkWords,
                             min(kGroups, groups - first_group), chunks);
  for (int chunk = 0; chunk < chunks; ++chunk) {
    const Stage<kGroups>& stage = pipeline.Next(chunk);
#pragma unroll
    for (int first = 0; first < kChunkUnits; first += 8) {
      const int unit = first + word;
      uint32_t a[kWarpTiles][4];
#pragma unroll
      for (int j = 0; j < kWarpTiles; ++j) {
        const auto* const pairs = reinterpret_cast<const uint2*>(stage.rows[warp_tile + j]);
        const uint2 low = pairs[unit * (kUnitWords / 2) + g];
        const uint2 high = pairs[(unit + 4) * (kUnitWords / 2) + g];
        a[j][0] = low.x;
        a[j][1] = low.y;
        a[j][2] = high.x;
        a[j][3] = high.y;
      }
#pragma unroll
      for (int n = 0; n < kGroups; ++n) {
        const uint32_t b[2] = {stage.states[n][unit * kGroupStates + g],
                               stage.states[n][(unit + 4) * kGroupStates + g]};
#pragma unroll
        for (int j = 0; j < kWarpTiles; ++j) MultiplyInt8(sums[j][n], a[j], b);
      }
    }
  }

#pragma unroll
  for (int j = 0; j < kWarpTiles; ++j) {
    const int64_t t = first_tile + warp_tile + j;
    const bool is_there = t < bank.tile_count;
    float2 scales = {0, 0};
    float2 residuals = {0, 0};
    float2 norms = {0, 0};
    if (is_there) {
      const DeviceTiles& tiles = bank.segments[tile_segments[warp_tile + j]];
      const int64_t pair = (t - tiles.begin) * (kDeviceTileRows / 2) + g;
      scales = reinterpret_cast<const float2*>(tiles.scales)[pair];
      residuals = reinterpret_cast<const float2*>(tiles.residuals)[pair];
      norms = reinterpret_cast<const float2*>(tiles.norms)[pair];
    }
#pragma unroll
    for (int n = 0; n < kGroups; ++n) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const int column = n * kGroupStates + 2 * word + c;
        const int b = first_group * kGroupStates + column;
        float upper = -INFINITY;
        if (is_there && b < states.count) {
          const float scale = states.scales[b];
          const float2 estimates = {EstimateScore(scales.x, scale, sums[j][n][c], 0),
                                    EstimateScore(scales.y, scale, sums[j][n][2 + c], 0)};
          const unsigned visible = static_cast<unsigned>(states.visible[b][t]) >> (2 * g);
          upper = UpperOfPair(estimates, residuals, norms, states.errors[b], visible);
        }
        for (int step = 4; step < kWarp; step *= 2) {
          upper = fmaxf(upper, __shfl_xor_sync(kAllLanes, upper, step));
        }
        if (g == 0) bounds[column][warp_tile + j] = upper;
      }
    }
  }
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < kGroups * kGroupStates * kBlockTiles; i += kManyThreads) {
    const int b = first_group * kGroupStates + i / kBlockTiles;
    const int64_t t = first_tile + i % kBlockTiles;
    if (b < states.count && t < bank.tile_count) {
      uppers[b * bank.tile_count + t] = bounds[i / kBlockTiles][i % kBlockTiles];
    }
  }
}

template <int kStates>
cudaError_t LaunchFew(const DeviceBank& bank, const DeviceStates& states, int multiprocessors, float* uppers,
                      cudaStream_t stream) {
  constexpr int kWarps = kFewThreads / kWarp;
  const auto blocks_for = [&](int64_t tiles_per_block) {
    return (bank.tile_count + tiles_per_block - 1) / tiles_per_block;
  };
  const int64_t blocks =
      std::max(std::min(blocks_for(kWarps), int64_t{multiprocessors} * kFewBlocksPerMultiprocessor),
               blocks_for(int64_t{kWarps} * kFewTilesPerWarp));
  const int64_t bytes = int64_t{kStates} * states.plane_count * bank.units * 4;
  const bool is_shared = bytes <= kMostSharedBytes;
  return Launch(states.plane_count == 2 ? ScanFew<kStates, 2> : ScanFew<kStates, 1>, blocks, kFewThreads,
                is_shared ? bytes : 0, stream, bank, states, is_shared, uppers);
}

template <int kGroups>
cudaError_t LaunchMany(const DeviceBank& bank, const DeviceStates& states, const uint32_t* packed,
                       float* uppers, cudaStream_t stream) {
  constexpr auto kBytes = static_cast<int64_t>(kStages * sizeof(Stage<kGroups>));
  // Beside what the kernel declares itself.
  static_assert(kBytes + (kGroups * kGroupStates + 4) * kBlockTiles * 4 <= kMostSharedBytes);
  const int64_t state_blocks = (GroupCount(states.count) + kGroups - 1) / kGroups;
  const int64_t blocks = (bank.tile_count + kBlockTiles - 1) / kBlockTiles * state_blocks;
  return Launch(ScanMany<kGroups>, blocks, kManyThreads, kBytes, stream, bank, states, packed, uppers);
}

}  // namespace

cudaError_t CheckKernels() {
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes, ScanFew<1, 1>);
}

cudaError_t ScanFewStates(const DeviceBank& bank, const DeviceStates& states, int multiprocessors,
                          float* uppers, cudaStream_t stream) {
  switch (states.count) {
    case 1:
      return LaunchFew<1>(bank, states, multiprocessors, uppers, stream);
    case 2:
      return LaunchFew<2>(bank, states, multiprocessors, uppers, stream);
    case 3:
      return LaunchFew<3>(bank, states, multiprocessors, uppers, stream);
    case 4:
      return LaunchFew<4>(bank, states, multiprocessors, uppers, stream);
  }
  return cudaErrorInvalidValue;
}

cudaError_t ScanManyStates(const DeviceBank& bank, const DeviceStates& states, const uint32_t* packed,
                           float* uppers, cudaStream_t stream) {
  const int64_t groups = GroupCount(states.count);
  if (groups <= 1) return LaunchMany<1>(bank, states, packed, uppers, stream);
  if (groups <= 2) return LaunchMany<2>(bank, states, packed, uppers, stream);
  if (groups <= 4) return LaunchMany<4>(bank, states, packed, uppers, stream);
  return LaunchMany<8>(bank, states, packed, uppers, stream);
}

}  // namespace engram
