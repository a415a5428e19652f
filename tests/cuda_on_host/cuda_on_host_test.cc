#include "tests/cuda_on_host/cuda_on_host.h"

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace engram::cuda_on_host {
namespace {

constexpr unsigned kAllLanes = 0xffffffff;
constexpr int kSchedules = 20;

template <typename... Params, typename... Args>
cudaError_t LaunchKernel(dim3 grid, dim3 block, size_t shared_bytes, void (*kernel)(Params...),
                         Args... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  return cudaLaunchKernelEx(&config, kernel, args...);
}

// [n] on the fake device.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(std::vector<T> values) : size_(values.size()) {
    EXPECT_EQ(cudaMalloc(&data_, size_ * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() { return data_; }
  std::vector<T> ToHost() const {
    std::vector<T> values(size_);
    EXPECT_EQ(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return values;
  }

 private:
  size_t size_;
  T* data_ = nullptr;
};

class CudaOnHostTest : public ::testing::Test {
 protected:
  ~CudaOnHostTest() override { Reset(); }
};
using CudaOnHostDeathTest = CudaOnHostTest;

// sums[b] is the sum of block b's part of `values` [n].
__global__ void __launch_bounds__(256) SumKernel(const int* __restrict__ values, int n, int* sums) {
  __shared__ int partial[256];
  const int t = static_cast<int>(threadIdx.x);
  const int i = static_cast<int>(blockIdx.x * blockDim.x) + t;
  partial[t] = i < n ? values[i] : 0;
  __syncthreads();
  for (int half = static_cast<int>(blockDim.x) / 2; half > 0; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    __syncthreads();
  }
  if (t == 0) sums[blockIdx.x] = partial[0];
}

TEST_F(CudaOnHostTest, BlocksReduceThroughSharedMemoryUnderAnySchedule) {
  std::vector<int> values(1000);
  std::iota(values.begin(), values.end(), 0);
  DeviceArray<int> device_values(values);
  for (int seed = 0; seed < kSchedules; ++seed) {
    SetSchedule(seed);
    DeviceArray<int> sums(std::vector<int>(4));
    ASSERT_EQ(LaunchKernel(4, 256, 0, SumKernel, device_values.get(), 1000, sums.get()), cudaSuccess);
    EXPECT_EQ(sums.ToHost(), (std::vector<int>{32640, 98176, 163712, 204972}));
  }
}

// What a thread's neighbour wrote, with a barrier between or without.
template <bool kWithBarrier>
__global__ void NeighbourKernel(int* seen) {
  __shared__ int slots[64];
  const int t = static_cast<int>(threadIdx.x);
  slots[t] = 0;
  __syncthreads();
  slots[t] = t + 1;
  if (kWithBarrier) __syncthreads();
  seen[t] = slots[(t + 1) % 64];
}

TEST_F(CudaOnHostTest, MissingBarrierShowsUnderSomeSchedule) {
  std::set<std::vector<int>> with, without;
  for (int seed = 0; seed < kSchedules; ++seed) {
    SetSchedule(seed);
    DeviceArray<int> seen(std::vector<int>(64));
    ASSERT_EQ(LaunchKernel(1, 64, 0, NeighbourKernel<true>, seen.get()), cudaSuccess);
    with.insert(seen.ToHost());
    ASSERT_EQ(LaunchKernel(1, 64, 0, NeighbourKernel<false>, seen.get()), cudaSuccess);
    without.insert(seen.ToHost());
  }
  EXPECT_EQ(with.size(), 1u);
  EXPECT_EQ(without.size(), size_t{kSchedules});
}

// Lanes of a warp have no lockstep either.
__global__ void UnsynchronisedWarpKernel(int* seen) {
  __shared__ int slots[32];
  slots[threadIdx.x] = 1;
  seen[threadIdx.x] = slots[threadIdx.x ^ 1];
}

TEST_F(CudaOnHostTest, SharedMemoryIsGarbageInEachBlock) {
  DeviceArray<int> seen(std::vector<int>(32));
  ASSERT_EQ(LaunchKernel(2, 32, 0, UnsynchronisedWarpKernel, seen.get()), cudaSuccess);
  const std::vector<int> values = seen.ToHost();
  EXPECT_EQ(std::set<int>(values.begin(), values.end()), (std::set<int>{static_cast<int>(0xcdcdcdcdu), 1}));
}

// One warp; out [8, 32].
__global__ void WarpKernel(double* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const double x = lane + 0.5;
  double sum = x;
  for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_xor_sync(kAllLanes, sum, offset);
  out[lane] = sum;
  out[32 + lane] = __shfl_down_sync(kAllLanes, x, 4, 8);
  out[64 + lane] = __shfl_up_sync(kAllLanes, x, 1);
  out[96 + lane] = static_cast<double>(__shfl_sync(kAllLanes, int64_t{lane} << 40, 33));
  out[128 + lane] = __ballot_sync(kAllLanes, lane % 2);
  out[160 + lane] = __any_sync(kAllLanes, lane == 7) * 2 + __all_sync(kAllLanes, lane == 7);
  out[192 + lane] = __reduce_max_sync(kAllLanes, lane - 40);
  out[224 + lane] = __reduce_add_sync(kAllLanes, 1u << 27);
}

TEST_F(CudaOnHostTest, LanesExchangeValues) {
  DeviceArray<double> device_out(std::vector<double>(256));
  ASSERT_EQ(LaunchKernel(1, 32, 0, WarpKernel, device_out.get()), cudaSuccess);
  const std::vector<double> out = device_out.ToHost();
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(out[lane], 512);
    EXPECT_EQ(out[32 + lane], (lane % 8 < 4 ? lane + 4 : lane) + 0.5);
    EXPECT_EQ(out[64 + lane], (lane == 0 ? 0 : lane - 1) + 0.5);
    EXPECT_EQ(out[96 + lane], static_cast<double>(int64_t{1} << 40));
    EXPECT_EQ(out[128 + lane], 0xaaaaaaaau);
    EXPECT_EQ(out[160 + lane], 2);
    EXPECT_EQ(out[192 + lane], -9);
    EXPECT_EQ(out[224 + lane], 0);  // 2^32 wraps.
  }
}

// Halves of a warp meet by themselves, then together; the lanes that a block lacks are not waited for.
__global__ void HalvesKernel(unsigned* out) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned half = lane < 16 ? 0x0000ffff : 0xffff0000;
  unsigned sum = 0;
  if (lane < 16) {
    sum = __reduce_add_sync(half, lane);
    sum = __reduce_add_sync(half, sum);
  } else {
    sum = __reduce_add_sync(half, lane);
  }
  __syncwarp();
  out[threadIdx.x] = sum + __popc(__ballot_sync(kAllLanes, 1)) * 100000;
}

TEST_F(CudaOnHostTest, PartsOfAWarpMeetByThemselves) {
  for (int seed = 0; seed < kSchedules; ++seed) {
    SetSchedule(seed);
    DeviceArray<unsigned> out(std::vector<unsigned>(56));
    ASSERT_EQ(LaunchKernel(1, 56, 0, HalvesKernel, out.get()), cudaSuccess);
    const std::vector<unsigned> values = out.ToHost();
    EXPECT_EQ(values[0], 3200000u + 16 * 120);
    EXPECT_EQ(values[31], 3200000u + 376);
    EXPECT_EQ(values[32], 2400000u + 16 * 120);
    EXPECT_EQ(values[55], 2400000u + 156) << "16 + ... + 23";
  }
}

// Whole warps return before the barrier that the others meet at.
__global__ void EarlyReturnKernel(unsigned live_warps, int* out) {
  if (threadIdx.x / warpSize >= live_warps) return;
  const int count = __syncthreads_count(threadIdx.x % 2 == 0);
  if (threadIdx.x == 0) *out = count;
}

TEST_F(CudaOnHostTest, ThreadsThatReturnedAreNotWaitedFor) {
  DeviceArray<int> out({0});
  ASSERT_EQ(LaunchKernel(1, 256, 0, EarlyReturnKernel, 3u, out.get()), cudaSuccess);
  EXPECT_EQ(out.ToHost()[0], 48);
}

__global__ void CountKernel(unsigned* count, unsigned* largest, unsigned long long* blocks) {
  atomicAdd(count, 1);
  atomicMax(largest, (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x);
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    atomicAdd(blocks, 1);
    for (unsigned seen = *count; seen < 1'000'000;) {
      const unsigned before = atomicCAS(count, seen, seen + 1'000'000);
      if (before == seen) break;
      seen = before;
    }
  }
}

TEST_F(CudaOnHostTest, EveryThreadOfAGridRunsOnce) {
  DeviceArray<unsigned> counts({0, 0});
  DeviceArray<unsigned long long> blocks({0});
  ASSERT_EQ(
      LaunchKernel(dim3(5, 3, 2), dim3(7, 9), 0, CountKernel, counts.get(), counts.get() + 1, blocks.get()),
      cudaSuccess);
  EXPECT_EQ(counts.ToHost(), (std::vector<unsigned>{1'000'000 + 30 * 63, 29}));
  EXPECT_EQ(blocks.ToHost()[0], 30u);
}

// A sum that is read and written without an atomic loses some.
__global__ void LostUpdateKernel(int* sum) {
  const int before = *sum;
  __threadfence();
  *sum = before + 1;
}

TEST_F(CudaOnHostTest, UpdateThatIsNotAtomicIsLost) {
  DeviceArray<int> sum({0});
  ASSERT_EQ(LaunchKernel(1, 256, 0, LostUpdateKernel, sum.get()), cudaSuccess);
  EXPECT_LT(sum.ToHost()[0], 256);
}

__global__ void DynamicKernel(unsigned char* out, int n) {
  unsigned char* const shared = static_cast<unsigned char*>(DynamicSharedMemory());
  if (threadIdx.x == 0) {
    out[0] = reinterpret_cast<uintptr_t>(shared) % 1024 == 0;
    out[1] = shared[0];
    out[2] = shared[n - 1];
    shared[0] = shared[n - 1] = 0;
  }
}

TEST_F(CudaOnHostTest, DynamicSharedMemoryIsAlignedGarbageWithinItsLimit) {
  DeviceArray<unsigned char> out({0, 0, 0});
  const std::vector<unsigned char> expected{1, 0xcd, 0xcd};
  ASSERT_EQ(LaunchKernel(3, 32, 48 << 10, DynamicKernel, out.get(), 48 << 10), cudaSuccess);
  EXPECT_EQ(out.ToHost(), expected);
  EXPECT_EQ(LaunchKernel(3, 32, 100 << 10, DynamicKernel, out.get(), 100 << 10), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(DynamicKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 << 10),
            cudaErrorInvalidValue);
  ASSERT_EQ(cudaFuncSetAttribute(DynamicKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10),
            cudaSuccess);
  EXPECT_EQ(LaunchKernel(3, 32, 100 << 10, DynamicKernel, out.get(), 100 << 10), cudaSuccess);
  int blocks = 0;
  ASSERT_EQ(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, DynamicKernel, 256, 100 << 10),
            cudaSuccess);
  EXPECT_EQ(blocks, 2);
}

TEST_F(CudaOnHostTest, ShapesThatADeviceRefusesAreRefused) {
  DeviceArray<int> out({0});
  EXPECT_EQ(LaunchKernel(0, 32, 0, LostUpdateKernel, out.get()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(LaunchKernel(1, 1025, 0, LostUpdateKernel, out.get()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(LaunchKernel(dim3(1, 65536), 1, 0, LostUpdateKernel, out.get()), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "asking clears it";
}

TEST_F(CudaOnHostTest, MemoryEndsWhereTheTestSays) {
  SetDeviceMemory(1000);
  void *a = nullptr, *b = nullptr;
  ASSERT_EQ(cudaMalloc(&a, 600), cudaSuccess);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 256, 0u);
  EXPECT_EQ(AllocatedBytes(), 600);
  EXPECT_EQ(cudaMalloc(&b, 401), cudaErrorMemoryAllocation);
  EXPECT_EQ(b, nullptr);
  size_t free = 0, total = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);
  EXPECT_EQ(cudaMallocAsync(&b, 400, nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(b, nullptr), cudaSuccess);
  EXPECT_EQ(cudaFree(a), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), 0);
  EXPECT_EQ(cudaFree(&free), cudaErrorInvalidValue) << "not the device's";
}

TEST_F(CudaOnHostTest, PoolsKeepWhatTheyMay) {
  cudaMemPoolProps properties = {};
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaMemPoolCreate(&pool, &properties), cudaSuccess);
  uint64_t kept = 300;
  ASSERT_EQ(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &kept), cudaSuccess);
  const int64_t before = AllocatedBytes();
  void* first = nullptr;
  void* second = nullptr;
  ASSERT_EQ(cudaMallocFromPoolAsync(&first, 400, pool, nullptr), cudaSuccess);
  ASSERT_EQ(cudaMallocFromPoolAsync(&second, 200, pool, nullptr), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 600);
  EXPECT_EQ(cudaFreeAsync(first, nullptr), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 600);
  EXPECT_EQ(cudaMemPoolTrimTo(pool, 500), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 500);
  EXPECT_EQ(cudaStreamQuery(nullptr), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 500) << "nobody waited";
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 300);
  EXPECT_EQ(cudaMemPoolDestroy(pool), cudaErrorInvalidValue) << "of which something is still taken";
  SetDeviceMemory(AllocatedBytes());
  ASSERT_EQ(cudaMallocFromPoolAsync(&first, 100, pool, nullptr), cudaSuccess);
  void* third = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&third, 1, pool, nullptr), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaFreeAsync(first, nullptr), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(second, nullptr), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before + 300);
  EXPECT_EQ(cudaMemPoolDestroy(pool), cudaSuccess);
  EXPECT_EQ(AllocatedBytes(), before);
}

TEST_F(CudaOnHostTest, CopyHasItsSidesWhereItSays) {
  DeviceArray<int> device({1, 2, 3});
  int host[4] = {};
  EXPECT_EQ(cudaMemcpy(host, device.get(), 12, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(host[2], 3);
  EXPECT_EQ(cudaMemcpy(host, device.get(), 12, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, device.get(), 16, cudaMemcpyDeviceToHost), cudaErrorInvalidValue) << "too long";
  EXPECT_EQ(cudaMemset(device.get() + 1, 0, 12), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(host, 0, 4), cudaErrorInvalidValue);
}

TEST_F(CudaOnHostTest, FaultStaysUntilReset) {
  DeviceArray<int> value({5});
  int* freed = nullptr;
  ASSERT_EQ(cudaMalloc(&freed, 4), cudaSuccess);
  FailFrom(cudaErrorIllegalAddress, 1);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess) << "one call is still good";
  EXPECT_EQ(LaunchKernel(1, 1, 0, LostUpdateKernel, value.get()), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaStreamSynchronize(nullptr), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaFree(freed), cudaErrorIllegalAddress);
  EXPECT_EQ(AllocatedBytes(), 4) << "freed all the same";
  Reset();
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(value.ToHost()[0], 5);
}

TEST_F(CudaOnHostTest, DevicesAreAsManyAsTheTestSays) {
  int count = -1;
  SetDeviceCount(0);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
  EXPECT_EQ(count, 0);
  SetDeviceCount(2);
  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorInvalidDevice), "cudaErrorInvalidDevice");
}

TEST_F(CudaOnHostTest, StreamsAndEventsAreKnownWhileTheyLive) {
  cudaStream_t stream = nullptr;
  cudaEvent_t start = nullptr, end = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&start, cudaEventDefault), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&end, cudaEventDefault), cudaSuccess);
  float milliseconds = -1;
  EXPECT_EQ(cudaEventRecord(start, stream), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, end), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(end, stream), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, end), cudaSuccess);
  EXPECT_GE(milliseconds, 0);
  EXPECT_EQ(cudaStreamWaitEvent(stream, end), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(start), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(end), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
}

__global__ void NothingKernel() {}

TEST_F(CudaOnHostTest, StreamsAndEventsAreOfTheDeviceTheyWereMadeOn) {
  SetDeviceCount(2);
  cudaStream_t stream = nullptr;
  cudaEvent_t event = nullptr, other_event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&other_event, cudaEventDisableTiming), cudaSuccess);
  cudaLaunchConfig_t config;
  config.gridDim = config.blockDim = dim3(1);
  config.stream = stream;
  EXPECT_EQ(cudaLaunchKernelEx(&config, NothingKernel), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(other_event, stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, nullptr), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess) << "whichever the thread's device is";
  cudaMemPoolProps properties = {};
  properties.location.id = 1;
  cudaMemPool_t pool = nullptr;
  ASSERT_EQ(cudaMemPoolCreate(&pool, &properties), cudaSuccess);
  void* bytes = nullptr;
  EXPECT_EQ(cudaMallocFromPoolAsync(&bytes, 1, pool, stream), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemPoolDestroy(pool), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  EXPECT_EQ(cudaLaunchKernelEx(&config, NothingKernel), cudaSuccess);
  for (const cudaEvent_t made : {event, other_event}) EXPECT_EQ(cudaEventDestroy(made), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(CudaOnHostTest, MultiprocessorsAreAsManyAsTheTestSays) {
  int count = 0;
  SetMultiprocessors(70);
  EXPECT_EQ(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0), cudaSuccess);
  EXPECT_EQ(count, 70);
}

TEST_F(CudaOnHostTest, WhatHangsIsNotDoneBeforeItEnds) {
  cudaStream_t stream = nullptr, other = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamCreateWithPriority(&other, cudaStreamNonBlocking, -1), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  DeviceArray<unsigned char> bytes({1, 2});
  for (const Hang hang : {Hang::kKernels, Hang::kEverything}) {
    SetHang(hang);
    cudaLaunchConfig_t config;
    config.gridDim = config.blockDim = dim3(1);
    config.stream = stream;
    EXPECT_EQ(cudaLaunchKernelEx(&config, NothingKernel), cudaSuccess);
    EXPECT_EQ(cudaEventRecord(event, stream), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
    EXPECT_EQ(cudaEventQuery(event), cudaErrorNotReady);
    EXPECT_EQ(cudaGetLastError(), cudaErrorNotReady);
    EXPECT_EQ(cudaMemsetAsync(bytes.get(), 3, 2, other), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(other), hang == Hang::kKernels ? cudaSuccess : cudaErrorNotReady);
    EXPECT_EQ(cudaStreamWaitEvent(other, event), cudaSuccess);
    EXPECT_EQ(cudaStreamQuery(other), cudaErrorNotReady);
    std::thread ending([] { SetHang(Hang::kNothing); });
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    ending.join();
    EXPECT_EQ(cudaStreamQuery(other), cudaSuccess);
    EXPECT_EQ(cudaEventQuery(event), cudaSuccess);
  }
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(other), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(CudaOnHostTest, LaunchesOfSeveralThreadsTakeTurns) {
  std::vector<int> values(256, 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      DeviceArray<int> device_values(values);
      DeviceArray<int> sum({0});
      for (int repeat = 0; repeat < 10; ++repeat) {
        EXPECT_EQ(LaunchKernel(1, 256, 0, SumKernel, device_values.get(), 256, sum.get()), cudaSuccess);
        EXPECT_EQ(sum.ToHost()[0], 256);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

__global__ void BarrierAndShuffleKernel() {
  if (threadIdx.x < 8) {
    __syncthreads();
  } else {
    __syncwarp(kAllLanes);
  }
}
__global__ void TwoBarriersKernel() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void ReturnedLaneKernel() {
  if (threadIdx.x == 5) return;
  __shfl_sync(kAllLanes, 1, 0);
}
__global__ void DifferentMasksKernel() { __any_sync(threadIdx.x < 16 ? 0xffffffff : 0xffff8000, 1); }
__global__ void StrangeMaskKernel() { __syncwarp(1); }

TEST_F(CudaOnHostDeathTest, WhatCannotComeIsNotWaitedFor) {
  EXPECT_DEATH(LaunchKernel(1, 32, 0, BarrierAndShuffleKernel), "deadlock in block .0, 0, 0.: 0 of 32");
  EXPECT_DEATH(LaunchKernel(1, 32, 0, BarrierAndShuffleKernel), "thread 8 waits at __syncwarp .*test.cc");
  EXPECT_DEATH(LaunchKernel(1, 64, 0, TwoBarriersKernel), "wait at different barriers");
  EXPECT_DEATH(LaunchKernel(1, 32, 0, ReturnedLaneKernel), "__shfl_sync .*but lane 5 has returned");
  EXPECT_DEATH(LaunchKernel(1, 32, 0, DifferentMasksKernel), "but lane 16 is there with mask ffff8000");
  EXPECT_DEATH(LaunchKernel(1, 32, 0, StrangeMaskKernel), "with mask 00000001, in which it is not");
}

#if defined(__SANITIZE_ADDRESS__)
TEST_F(CudaOnHostDeathTest, SanitizerSeesTheEndsOfDeviceMemory) {
  DeviceArray<unsigned char> out({0, 0});
  EXPECT_DEATH(LaunchKernel(1, 32, 64, DynamicKernel, out.get(), 64), "heap-buffer-overflow");
  DeviceArray<unsigned char> wide({0, 0, 0});
  EXPECT_DEATH(LaunchKernel(1, 32, 64, DynamicKernel, wide.get(), 65), "heap-buffer-overflow");
}
#endif

TEST_F(CudaOnHostDeathTest, OperationOutsideAKernelIsAnError) {
  EXPECT_DEATH(__syncthreads(), "called by no thread of a kernel");
}

}  // namespace
}  // namespace engram::cuda_on_host
