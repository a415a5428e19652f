#ifndef ENGRAM_TESTS_CUDA_ON_HOST_CUDA_ON_HOST_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_CUDA_ON_HOST_H_

#include <cuda_runtime_api.h>

#include <cstdint>

namespace engram::cuda_on_host {

// The fake device, as a test wants it. Thread-safe; for all threads at once.

// 0: calls say that there is no device. At first there is one.
void SetDeviceCount(int count);
// Of each device. At first 1 GiB.
void SetDeviceMemory(int64_t bytes);
// Of each device. At first 4. REQUIRES: above 0.
void SetMultiprocessors(int count);
// What is allocated on all devices together, and kept by their pools.
int64_t AllocatedBytes();
// Whether pools keep memory that is free: all of it until they are trimmed or something is waited for, then
// as much as they may. At first they do.
void LetPoolsKeep(bool do_keep);

// Frees all of it, as the end of a process does. REQUIRES: nobody uses it any more.
void FreeAll();

// Every later call fails with `error`, as calls do once a device has faulted; the first `calls` of them do
// not yet (one that names a stream may count as two). What is freed is freed all the same.
void FailFrom(cudaError_t error, int64_t calls = 0);

// What never shows as done among the work launched from now on, until it is set again: nothing of a kind, the
// kernels and what comes after one on its stream, or everything. In truth all work is done when its launch
// returns. Calls that wait for such work do so until then; after a minute they end the process.
enum class Hang { kNothing, kKernels, kEverything };
void SetHang(Hang hang);
// Whether there is such work.
bool HasUnfinishedWork();

// The order in which the blocks of a grid run, and the threads of a block between two meetings. A launch's
// order depends on the seed alone.
void SetSchedule(uint64_t seed);

// All of the above as at first, and no last error. What is allocated stays, and so do kernels' attributes.
void Reset();

}  // namespace engram::cuda_on_host

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_CUDA_ON_HOST_H_
