#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_TILES_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_TILES_H_

#include <cstdint>

#include "core/base/host_device.h"
#include "core/codes/estimate_error.h"

namespace engram {

// Rows of a tile, as core/codes/row_code.h has them.
constexpr int kDeviceTileRows = 16;
// Words of a unit: 4 columns of each row, signed bytes, the sums of which need no correction.
constexpr int kUnitWords = 16;

// The resident tiles of one segment, all of whose rows exist. Pointers are to the device's memory.
struct DeviceTiles {
  const int8_t* codes = nullptr;          // [tiles, units, 16, 4], and a chunk of units to spare.
  const float* scales = nullptr;          // [rows]
  const float* residuals = nullptr;       // [rows]
  const float* norms = nullptr;           // [rows], rounded up.
  const float* tile_residuals = nullptr;  // [tiles], the largest.
  const float* tile_norms = nullptr;      // [tiles]
  const float* patterns = nullptr;        // [rows, D]; null: not resident.
  int64_t begin = 0;                      // Its first tile's number in the sequence of all tiles.
  int64_t end = 0;
};

// The tiles of a snapshot, numbered through as in TileSequence.
struct DeviceBank {
  const DeviceTiles* segments = nullptr;  // [segment_count], none of them empty.
  int32_t segment_count = 0;
  int32_t units = 0;  // ceil(D / 4)
  int64_t dim = 0;
  int64_t tile_count = 0;

  // The index of the segment that has tile `t`, at or after `from`. REQUIRES: segments[from].begin <= t.
  ENGRAM_HOST_DEVICE int32_t FindFrom(int32_t from, int64_t t) const {
    while (t >= segments[from].end) ++from;
    return from;
  }
  ENGRAM_HOST_DEVICE int32_t Find(int64_t t) const {
    int32_t low = 0;
    int32_t high = segment_count - 1;
    while (low < high) {
      const int32_t middle = (low + high) / 2;
      if (t < segments[middle].end) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};

// States as the device multiplies them; see StateCodes.
struct DeviceStates {
  // Plane p of state b in words of 4 columns, 0 beyond column D.
  const uint32_t* planes = nullptr;       // [B, plane_count, units]
  const float* scales = nullptr;          // [B]
  const EstimateError* errors = nullptr;  // [B]
  // Bit l of entry t: row l of tile t is visible to state b.
  const uint16_t* const* visible = nullptr;  // [B] of [T]
  int32_t count = 0;
  int32_t plane_count = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_TILES_H_
