#ifndef ENGRAM_CORE_SWEEP_CUDA_SCAN_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_SCAN_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/sweep/cuda/device_tiles.h"

namespace engram {

// Up to so many states are scanned with two planes; see StateCodes.
constexpr int kFewStates = 4;

// States that are multiplied by tensor cores are packed for them: groups of 8 states, in each chunks of 16
// units, [groups, chunks, 16, 8] words; 0 beyond the last state and column.
constexpr int kGroupStates = 8;
constexpr int kChunkUnits = 16;
inline int64_t ChunkCount(int64_t units) { return (units + kChunkUnits - 1) / kChunkUnits; }
inline int64_t GroupCount(int64_t states) { return (states + kGroupStates - 1) / kGroupStates; }
inline int64_t PackedWords(int64_t states, int64_t units) {
  return GroupCount(states) * ChunkCount(units) * kChunkUnits * kGroupStates;
}
// Where word u of state b goes.
inline int64_t PackedWord(int64_t b, int64_t u, int64_t units) {
  return ((b / kGroupStates * ChunkCount(units) * kChunkUnits) + u) * kGroupStates + b % kGroupStates;
}

// Bytes that may be read behind the codes of a segment's last tile.
constexpr int64_t kSpareCodeBytes = int64_t{kChunkUnits} * kUnitWords * 4;

// An error: this program has no kernels for the calling thread's device.
cudaError_t CheckKernels();

// The one pass over all codes: uppers[b, t] [B, T] becomes the largest upper bound of the scaled scores of
// the rows of tile t that state b sees, -infinity if there is none. Scores are never written.
//
// With up to kFewStates states and one or two planes, by products of 4 in the ordinary units.
cudaError_t ScanFewStates(const DeviceBank& bank, const DeviceStates& states, int multiprocessors,
                          float* uppers, cudaStream_t stream);
// With any number of states and one plane, packed, by tensor cores. `states.planes` is not looked at.
cudaError_t ScanManyStates(const DeviceBank& bank, const DeviceStates& states, const uint32_t* packed,
                           float* uppers, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_SCAN_KERNELS_H_
