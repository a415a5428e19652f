// Launches: the checks of a configuration, and the blocks of a grid, one after another.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include "tests/cuda_on_host/block.h"
#include "tests/cuda_on_host/fake_device.h"

// The linker's: where the section of __shared__ variables begins and ends. Null without any.
extern "C" char __start_engram_cuda_shared[] __attribute__((weak));
extern "C" char __stop_engram_cuda_shared[] __attribute__((weak));

namespace engram::cuda_on_host {
namespace {

using Lock = std::lock_guard<std::mutex>;

constexpr int kGarbage = 0xcd;
constexpr size_t kDynamicAlignment = 1024;

std::mutex launch_mutex;
void* dynamic_shared_memory = nullptr;  // Of the block that runs.

size_t StaticBytes() { return static_cast<size_t>(__stop_engram_cuda_shared - __start_engram_cuda_shared); }

cudaError_t CheckShape(const cudaLaunchConfig_t& config) {
  const dim3 grid = config.gridDim;
  const dim3 block = config.blockDim;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  const bool is_grid =
      grid.x > 0 && grid.x <= 0x7fffffff && grid.y > 0 && grid.y <= 65535 && grid.z > 0 && grid.z <= 65535;
  const bool is_block =
      block.x <= 1024 && block.y <= 1024 && block.z <= 64 && threads > 0 && threads <= kMaxBlockThreads;
  if (!is_grid || !is_block) return cudaErrorInvalidConfiguration;
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    if (config.attrs[i].id == cudaLaunchAttributeClusterDimension) return cudaErrorNotSupported;
  }
  return cudaSuccess;
}

cudaError_t CheckSharedBytes(const void* kernel, size_t bytes) {
  const auto& allowed = TheDevice().shared_bytes_of_kernels;
  const auto found = allowed.find(kernel);
  return bytes <= (found == allowed.end() ? kSharedBytes : found->second) ? cudaSuccess
                                                                          : cudaErrorInvalidValue;
}

void RunBlocks(const cudaLaunchConfig_t& config, uint64_t seed, void (*call)(const void*), const void* data) {
  Schedule schedule(seed);
  const dim3 grid = config.gridDim;
  std::vector<uint64_t> order(uint64_t{grid.x} * grid.y * grid.z);
  std::iota(order.begin(), order.end(), uint64_t{0});
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[schedule.Choose(static_cast<int64_t>(i))]);
  }
  gridDim = grid;
  blockDim = config.blockDim;
  Block block(config.blockDim, call, data, &schedule);
  for (const uint64_t i : order) {
    blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                static_cast<unsigned>(i / grid.x / grid.y)};
    if (StaticBytes() > 0) std::memset(__start_engram_cuda_shared, kGarbage, StaticBytes());
    if (config.dynamicSmemBytes > 0) std::memset(dynamic_shared_memory, kGarbage, config.dynamicSmemBytes);
    block.Run();
  }
}

}  // namespace

void* DynamicSharedMemory() { return dynamic_shared_memory; }

cudaError_t Launch(const cudaLaunchConfig_t& config, const void* kernel, void (*call)(const void* data),
                   const void* data) {
  if (const cudaError_t error = BeginWork(config.stream, /*is_kernel=*/true); error != cudaSuccess)
    return error;
  uint64_t seed = 0;
  {
    const Lock lock(TheDevice().mutex);
    if (const cudaError_t error = CheckShape(config); error != cudaSuccess) return Remember(error);
    if (const cudaError_t error = CheckSharedBytes(kernel, config.dynamicSmemBytes); error != cudaSuccess) {
      return Remember(error);
    }
    seed = TheDevice().seed;
  }
  const Lock launch(launch_mutex);
  if (config.dynamicSmemBytes > 0 &&
      posix_memalign(&dynamic_shared_memory, kDynamicAlignment, config.dynamicSmemBytes) != 0) {
    std::fprintf(stderr, "cuda_on_host: no memory for a block\n");
    std::abort();
  }
  RunBlocks(config, seed, call, data);
  std::free(dynamic_shared_memory);
  dynamic_shared_memory = nullptr;
  return cudaSuccess;
}

}  // namespace engram::cuda_on_host

using engram::cuda_on_host::BeginCall;
using engram::cuda_on_host::Remember;
using engram::cuda_on_host::TheDevice;

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  const std::lock_guard<std::mutex> lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<size_t>(value) > engram::cuda_on_host::kMaxSharedBytes) {
    return Remember(cudaErrorInvalidValue);
  }
  TheDevice().shared_bytes_of_kernels[kernel] = static_cast<size_t>(value);
  return cudaSuccess;
}

// Registers are no limit here.
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* kernel, int block_threads,
                                                          size_t dynamic_shared_bytes) {
  using namespace engram::cuda_on_host;
  const std::lock_guard<std::mutex> lock(TheDevice().mutex);
  if (const cudaError_t error = BeginCall(); error != cudaSuccess) return Remember(error);
  if (block_threads <= 0) return Remember(cudaErrorInvalidValue);
  *blocks = 0;
  const bool is_possible =
      block_threads <= kMaxBlockThreads && CheckSharedBytes(kernel, dynamic_shared_bytes) == cudaSuccess;
  if (!is_possible) return cudaSuccess;
  const int by_threads = kMaxMultiprocessorThreads / block_threads;
  const int by_memory =
      static_cast<int>(kMultiprocessorSharedBytes / (dynamic_shared_bytes + kReservedSharedBytes));
  *blocks = std::min({by_threads, by_memory, kMaxMultiprocessorBlocks});
  return cudaSuccess;
}
