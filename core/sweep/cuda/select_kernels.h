#ifndef ENGRAM_CORE_SWEEP_CUDA_SELECT_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_SELECT_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/sweep/cuda/device_tiles.h"

namespace engram {

// What follows a scan: from the upper bounds of all tiles to the few rows that reach the cut, each with its
// canonical score. Entries come in any order; their numbers are exact even when there was no room for all.

// The largest lower bounds that the tiles prove: lowers[b, c] [B, chunk_count] is that of one row of the c-th
// share of the tiles, scaled; -infinity if there is none. Bounds of different shares are of different rows.
// `errors` [B] are those of the scan.
cudaError_t FindBestLowers(const DeviceBank& bank, const float* uppers, const EstimateError* errors,
                           int32_t state_count, int32_t chunk_count, float* lowers, cudaStream_t stream);

// A state of a scan, or a later one of the same query, whose scores x.q' are at most factor * U + |x| *
// distance, scaled.
struct Cutoff {
  float cut = 0;  // Scaled, rounded down.
  float factor = 1;
  float distance = 0;
};

struct TileEntry {
  int32_t state = 0;
  int32_t tile = 0;
};

struct RowEntry {
  double score;  // Canonical, not scaled; undefined where patterns are not resident.
  int32_t state;
  int32_t tile;
  int32_t row;  // Of the tile.
};

// How many entries there are, those included for which there was no room.
struct EntryCounts {
  uint32_t tiles = 0;
  uint32_t rows = 0;
};

// What a selection finds. The first rows come to the host with their number, and mostly there are no more.
struct SelectedRows {
  static constexpr int64_t kFirst = 512;
  EntryCounts counts;
  RowEntry rows[kFirst];  // On the device more follow, up to its capacity.
};

// What selection works with. Pointers are to the device's memory.
struct SelectTask {
  DeviceBank bank;
  // Two planes each; their errors, scales and visible rows.
  DeviceStates states;
  const float* uppers = nullptr;         // [B, T], those of the scan.
  const Cutoff* cutoffs = nullptr;       // [B]
  const double* exact_states = nullptr;  // [B, D], not scaled.
  TileEntry* tiles = nullptr;            // [capacity]
  SelectedRows* selected = nullptr;      // [capacity] rows.
  uint32_t capacity = 0;
};

// Lists the tiles that reach their state's cut, bounds their rows, lists those that reach it, and scores them
// (CanonicalArithmetic::dot, bit by bit). Nothing is missing if the counts are within the capacity.
cudaError_t SelectRows(const SelectTask& task, int multiprocessors, cudaStream_t stream);

// The canonical scores of rows [begin, end) of a segment's resident `patterns` for `count` <= kDotStates
// `states` [count, D]: scores[s * (end - begin) + i].
cudaError_t ScoreRows(const float* patterns, int64_t dim, int64_t begin, int64_t end, const double* states,
                      int32_t count, double* scores, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_SELECT_KERNELS_H_
