#ifndef ENGRAM_TESTS_CUDA_ON_HOST_FAKE_DEVICE_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_FAKE_DEVICE_H_

#include <cuda_runtime_api.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "tests/cuda_on_host/cuda_on_host.h"

namespace engram::cuda_on_host {

// About an H100.
constexpr int kMaxBlockThreads = 1024;
constexpr int kMaxMultiprocessorThreads = 2048;
constexpr int kMaxMultiprocessorBlocks = 32;
constexpr size_t kSharedBytes = 48 << 10;
constexpr size_t kMaxSharedBytes = 227 << 10;
constexpr size_t kMultiprocessorSharedBytes = 228 << 10;
constexpr size_t kReservedSharedBytes = 1 << 10;

// All that the calls of the runtime know, whichever thread makes them.
struct FakeDevice {
  struct Allocation {
    size_t bytes;
    int device;
    cudaMemPool_t pool;  // Null: of none.
  };
  // Memory that the device lends to a pool: what is taken from it, and what it keeps beyond that.
  struct Pool {
    int device;
    size_t kept_bytes = 0;  // The release threshold.
    size_t used_bytes = 0;
    size_t lent_bytes = 0;
  };

  std::mutex mutex;  // Of all below.
  int count = 1;
  int multiprocessors = 4;  // Far fewer than it has.
  size_t memory_bytes = size_t{1} << 30;
  cudaError_t fault = cudaSuccess;
  int64_t calls_until_fault = 0;
  Hang hang = Hang::kNothing;
  int64_t hang_count = 0;  // How often that was set.
  bool has_unfinished = false;
  std::condition_variable finished;
  uint64_t seed = 1;
  std::map<uintptr_t, Allocation> allocations;  // By address.
  std::map<cudaMemPool_t, Pool> pools;          // By handle.
  bool do_pools_keep = true;
  std::set<void*> pinned;
  std::set<const void*> handles;  // Streams and events.
  std::map<const void*, size_t> shared_bytes_of_kernels;
};
FakeDevice& TheDevice();

// What every call begins with: the fault of the device, if it has one by now, or that there is none.
// REQUIRES: TheDevice().mutex is held.
cudaError_t BeginCall();

// The calling thread's device.
int CurrentDevice();
// That of `stream`. Null: the calling thread's. REQUIRES: there is such a stream; TheDevice().mutex is held.
int DeviceOf(cudaStream_t stream);

// Begins work on `stream` (null: the default one), kernels or others: what every call begins with, and
// whether there is such a stream; kernels want one of the calling thread's device.
cudaError_t BeginWork(cudaStream_t stream, bool is_kernel);

// What every call begins with that waits for all that the device does, and the wait. `lock` holds
// TheDevice().mutex.
cudaError_t BeginWaitingCall(std::unique_lock<std::mutex>* lock);
// What such calls, and those that wait for a stream or an event, do besides: pools let go of what is free
// beyond what they may keep. REQUIRES: TheDevice().mutex is held.
void TrimPools();
// Waits while `hang_count` is that of the device: for work that hangs since. 0: for none.
void WaitForHang(int64_t hang_count, std::unique_lock<std::mutex>* lock);

// The thread's last error, unless `error` is cudaSuccess. Returns `error`.
cudaError_t Remember(cudaError_t error);

}  // namespace engram::cuda_on_host

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_FAKE_DEVICE_H_
