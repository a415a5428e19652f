#ifndef ENGRAM_CORE_SWEEP_CUDA_TILE_PRODUCT_CUH_
#define ENGRAM_CORE_SWEEP_CUDA_TILE_PRODUCT_CUH_

#include <cstdint>

#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/device_tiles.h"

namespace engram {

// The products of the 16 rows of a tile with the planes of states, by a warp: lane 4 u + r multiplies units
// u, u + 8, ... of rows 4 r to 4 r + 3. In the end all lanes 4 u + r have those of row 4 r + i in
// sums[s][p][i].
//
// `codes` is the tile's, `planes` [kStates, kPlanes, units]. `load` reads codes: those that come by once need
// not stay in the cache.
template <int kStates, int kPlanes, typename Load>
__device__ void MultiplyTile(const int8_t* codes, const uint32_t* planes, int32_t units, const Load& load,
                             int32_t (&sums)[kStates][kPlanes][4]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const auto* const rows_of_units = reinterpret_cast<const uint4*>(codes);
#pragma unroll 4
  for (int u = lane / 4; u < units; u += 8) {
    const uint4 rows = load(rows_of_units + u * 4 + lane % 4);
#pragma unroll
    for (int s = 0; s < kStates; ++s) {
#pragma unroll
      for (int p = 0; p < kPlanes; ++p) {
        const auto plane = static_cast<int>(planes[(s * kPlanes + p) * units + u]);
        sums[s][p][0] = __dp4a(static_cast<int>(rows.x), plane, sums[s][p][0]);
        sums[s][p][1] = __dp4a(static_cast<int>(rows.y), plane, sums[s][p][1]);
        sums[s][p][2] = __dp4a(static_cast<int>(rows.z), plane, sums[s][p][2]);
        sums[s][p][3] = __dp4a(static_cast<int>(rows.w), plane, sums[s][p][3]);
      }
    }
  }
#pragma unroll
  for (int s = 0; s < kStates; ++s) {
#pragma unroll
    for (int p = 0; p < kPlanes; ++p) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        for (int step = 4; step < kWarp; step *= 2) {
          sums[s][p][i] += __shfl_xor_sync(kAllLanes, sums[s][p][i], step);
        }
      }
    }
  }
}

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_TILE_PRODUCT_CUH_
