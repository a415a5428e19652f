#ifndef ENGRAM_BENCH_GPU_CEILING_KERNELS_H_
#define ENGRAM_BENCH_GPU_CEILING_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

namespace engram::bench {

// What a device can do at best, and data to measure on. Pointers are to the device's memory; launches return
// at once.

// Reads `bytes`, a multiple of 16 and aligned as such, once and does nothing with them. `sink` is one word.
cudaError_t LaunchRead(const void* memory, int64_t bytes, int multiprocessors, uint32_t* sink,
                       cudaStream_t stream);

// Multiplies int8 in registers, by the instruction that scans use. `rounds` is how often a warp goes round.
cudaError_t LaunchMultiply(int multiprocessors, int64_t rounds, int32_t* sink, cudaStream_t stream);
// Multiplications and additions of such a launch.
int64_t MultiplyOperations(int multiprocessors, int64_t rounds);

// Random codes in [-127, 127], which depend on the seed alone. `bytes` is a multiple of 4.
cudaError_t LaunchFillCodes(int8_t* codes, int64_t bytes, uint32_t seed, cudaStream_t stream);
// Random numbers in [least, 1.25 least).
cudaError_t LaunchFillFloats(float* numbers, int64_t count, float least, uint32_t seed, cudaStream_t stream);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_CEILING_KERNELS_H_
