#include <algorithm>

#include "bench/gpu/ceiling_kernels.h"
#include "core/sweep/cuda/device_language.cuh"

namespace engram::bench {
namespace {

constexpr int kThreads = 256;
constexpr int kReadBlocksPerMultiprocessor = 8;
// Loads of a thread that are under way at once.
constexpr int kReadsAtOnce = 4;

constexpr int kMultiplyBlocksPerMultiprocessor = 4;
// Independent sums of a warp: enough to hide how long a product takes.
constexpr int kSums = 8;
// 16 x 8 sums of 32 products.
constexpr int64_t kOperationsPerProduct = 2 * 16 * 8 * 32;

// Consecutive numbers become unlike ones.
__device__ uint32_t Mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return x;
}

__device__ int64_t ThreadOfGrid() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

// A block takes kReadsAtOnce * kThreads neighbouring vectors at a time.
__global__ void __launch_bounds__(kThreads) Read(const uint4* vectors, int64_t count, uint32_t* sink) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads * kReadsAtOnce;
  uint32_t sum = 0;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * kThreads * kReadsAtOnce + threadIdx.x;
       first < count; first += step) {
    uint4 read[kReadsAtOnce] = {};
#pragma unroll
    for (int i = 0; i < kReadsAtOnce; ++i) {
      if (first + i * kThreads < count) read[i] = __ldcs(vectors + first + i * kThreads);
    }
#pragma unroll
    for (int i = 0; i < kReadsAtOnce; ++i) sum ^= read[i].x ^ read[i].y ^ read[i].z ^ read[i].w;
  }
  // Hardly ever true, which the compiler does not know.
  if (sum == 0x9e3779b9U) *sink = sum;
}

__global__ void __launch_bounds__(kThreads) Multiply(int64_t rounds, int32_t* sink) {
  const auto seed = static_cast<uint32_t>(ThreadOfGrid());
  const uint32_t a[4] = {Mix(seed), Mix(seed + 1), Mix(seed + 2), Mix(seed + 3)};
  const uint32_t b[2] = {Mix(seed + 4), Mix(seed + 5)};
  int32_t sums[kSums][4] = {};
  for (int64_t round = 0; round < rounds; ++round) {
#pragma unroll
    for (int i = 0; i < kSums; ++i) MultiplyInt8(sums[i], a, b);
  }
  int32_t all = 0;
#pragma unroll
  for (int i = 0; i < kSums; ++i) all ^= sums[i][0] ^ sums[i][1] ^ sums[i][2] ^ sums[i][3];
  if (all == 0x1e3779b9) *sink = all;
}

__global__ void __launch_bounds__(kThreads) FillCodes(uint32_t* words, int64_t count, uint32_t seed) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = ThreadOfGrid(); i < count; i += step) {
    uint32_t word = Mix(static_cast<uint32_t>(i) ^ Mix(seed + static_cast<uint32_t>(i >> 32)));
    for (int byte = 0; byte < 4; ++byte) {
      // -128 is no code.
      if (((word >> (8 * byte)) & 0xffU) == 0x80U) word ^= 1U << (8 * byte);
    }
    words[i] = word;
  }
}

__global__ void __launch_bounds__(kThreads)
    FillFloats(float* numbers, int64_t count, float least, uint32_t seed) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = ThreadOfGrid(); i < count; i += step) {
    const uint32_t word = Mix(static_cast<uint32_t>(i) ^ Mix(seed));
    numbers[i] = least * (1.0F + 0.25F * static_cast<float>(word >> 8) * 0x1p-24F);
  }
}

// Each thread has several elements, if there are many.
int64_t FillBlocks(int64_t count) {
  constexpr int64_t kMostBlocks = 4096;
  return std::min((count + kThreads - 1) / kThreads, kMostBlocks);
}

}  // namespace

cudaError_t LaunchRead(const void* memory, int64_t bytes, int multiprocessors, uint32_t* sink,
                       cudaStream_t stream) {
  const int64_t count = bytes / static_cast<int64_t>(sizeof(uint4));
  const int64_t at_a_time = int64_t{kThreads} * kReadsAtOnce;
  const int64_t blocks =
      std::min((count + at_a_time - 1) / at_a_time, int64_t{multiprocessors} * kReadBlocksPerMultiprocessor);
  return Launch(Read, blocks, kThreads, 0, stream, static_cast<const uint4*>(memory), count, sink);
}

cudaError_t LaunchMultiply(int multiprocessors, int64_t rounds, int32_t* sink, cudaStream_t stream) {
  return Launch(Multiply, int64_t{multiprocessors} * kMultiplyBlocksPerMultiprocessor, kThreads, 0, stream,
                rounds, sink);
}

int64_t MultiplyOperations(int multiprocessors, int64_t rounds) {
  constexpr int64_t kWarps = kThreads / kWarp;
  return int64_t{multiprocessors} * kMultiplyBlocksPerMultiprocessor * kWarps * rounds * kSums *
         kOperationsPerProduct;
}

cudaError_t LaunchFillCodes(int8_t* codes, int64_t bytes, uint32_t seed, cudaStream_t stream) {
  const int64_t count = bytes / 4;
  return Launch(FillCodes, FillBlocks(count), kThreads, 0, stream, reinterpret_cast<uint32_t*>(codes), count,
                seed);
}

cudaError_t LaunchFillFloats(float* numbers, int64_t count, float least, uint32_t seed, cudaStream_t stream) {
  return Launch(FillFloats, FillBlocks(count), kThreads, 0, stream, numbers, count, least, seed);
}

}  // namespace engram::bench
