#ifndef ENGRAM_BENCH_GPU_GEMM_KERNELS_H_
#define ENGRAM_BENCH_GPU_GEMM_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/sweep/cuda/device_tiles.h"

namespace engram::bench {

// What is before and after a library's product of codes and states in a scan that is not fused. Pointers are
// to the device's memory; launches return at once. `columns` is a multiple of 16, at least 4 bank.units.

// rows [16 tiles, columns]: the codes of `bank` row by row, 0 beyond the last unit.
cudaError_t LaunchUntile(const DeviceBank& bank, int64_t columns, int8_t* rows, cudaStream_t stream);

// states [padded_count, columns] of `count` states that are packed for ScanManyStates, 0 beyond them.
cudaError_t LaunchUnpack(const uint32_t* packed, int64_t count, int64_t padded_count, int64_t units,
                         int64_t columns, int8_t* states, cudaStream_t stream);

// The filter: for the tiles [first_tile, first_tile + row_count / 16) uppers[b, t] [B, T] becomes what
// ScanManyStates makes it, from products [B, row_count] of their rows. `row_count` is a multiple of 16.
cudaError_t LaunchFilter(const int32_t* products, int64_t row_count, const DeviceBank& bank,
                         const DeviceStates& states, int64_t first_tile, float* uppers, cudaStream_t stream);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_GEMM_KERNELS_H_
