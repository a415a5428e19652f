#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_LANGUAGE_CUH_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_LANGUAGE_CUH_

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

// What kernels need beyond CUDA's C++: asynchronous copies, tensor cores, launches without its brackets.
// Where the hardware has none of it, and in tests on the host, plain code does the same.

namespace engram {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

#ifdef __CUDACC__
// The block's shared memory whose size the launch gives.
__device__ inline void* DynamicSharedMemory() {
  extern __shared__ __align__(1024) unsigned char engram_dynamic_shared_memory[];
  return engram_dynamic_shared_memory;
}
#else
using cuda_on_host::DynamicSharedMemory;
#endif

// Copies 16 bytes, aligned as such, from global to shared memory; they are there after WaitForCopies.
__device__ inline void CopyAsync16(void* shared, const void* global) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
#else
  *static_cast<uint4*>(shared) = *static_cast<const uint4*>(global);
#endif
}

// Makes the copies that this thread began since the last call a group.
__device__ inline void CommitCopies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until all but the last `kGroups` groups of this thread are there.
template <int kGroups>
__device__ inline void WaitForCopies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
#endif
}

// Begins to fetch the line of 128 bytes that has `address`, in global memory, to the cache that all
// multiprocessors share. Nobody waits for it.
__device__ inline void PrefetchToL2([[maybe_unused]] const void* address) {
#ifdef __CUDA_ARCH__
  asm volatile("prefetch.global.L2 [%0];" ::"l"(address));
#endif
}

// sum += A B, A [16, 32] and B [32, 8] of int8 with rows of A and columns of B in words of 4, as the lanes of
// a warp hold them (mma.m16n8k32): lane 4 g + t has a = {A[g, word t], A[g + 8, word t], A[g, word t + 4],
// A[g + 8, word t + 4]}, b = {B[word t, g], B[word t + 4, g]}, and of the sums {[g, 2 t], [g, 2 t + 1],
// [g + 8, 2 t], [g + 8, 2 t + 1]}.
__device__ inline void MultiplyInt8(int32_t* sum, const uint32_t* a, const uint32_t* b) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+r"(sum[0]), "+r"(sum[1]), "+r"(sum[2]), "+r"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int group = lane / 4;
  const int pair = lane % 4;
  for (int t = 0; t < 4; ++t) {
    for (int half = 0; half < 2; ++half) {
      const auto low = static_cast<int>(__shfl_sync(kAllLanes, a[2 * half], 4 * group + t));
      const auto high = static_cast<int>(__shfl_sync(kAllLanes, a[2 * half + 1], 4 * group + t));
      const auto even = static_cast<int>(__shfl_sync(kAllLanes, b[half], 4 * (2 * pair) + t));
      const auto odd = static_cast<int>(__shfl_sync(kAllLanes, b[half], 4 * (2 * pair + 1) + t));
      sum[0] = __dp4a(low, even, sum[0]);
      sum[1] = __dp4a(low, odd, sum[1]);
      sum[2] = __dp4a(high, even, sum[2]);
      sum[3] = __dp4a(high, odd, sum[3]);
    }
  }
#endif
}

template <typename... Params, typename... Args>
cudaError_t Launch(void (*kernel)(Params...), int64_t blocks, int threads, int64_t shared_bytes,
                   cudaStream_t stream, Args&&... args) {
  if (blocks == 0) return cudaSuccess;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, std::forward<Args>(args)...);
}

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_LANGUAGE_CUH_
