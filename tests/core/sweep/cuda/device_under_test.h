#ifndef ENGRAM_TESTS_CORE_SWEEP_CUDA_DEVICE_UNDER_TEST_H_
#define ENGRAM_TESTS_CORE_SWEEP_CUDA_DEVICE_UNDER_TEST_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#ifdef ENGRAM_CUDA_ON_HOST
#include "tests/cuda_on_host/cuda_on_host.h"
#endif

namespace engram {

// Whether there is a device: a real one, or CUDA's double on the host.
inline bool HasDeviceUnderTest() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}

// Asks for `count` devices, of which a double can make any number. Returns how many there are.
inline int OfferDevices([[maybe_unused]] int count) {
#ifdef ENGRAM_CUDA_ON_HOST
  cuda_on_host::SetDeviceCount(count);
#endif
  int found = 0;
  return cudaGetDeviceCount(&found) == cudaSuccess ? found : 0;
}

// Asks for devices with `count` multiprocessors, which a double has once it is opened again.
inline void OfferMultiprocessors([[maybe_unused]] int count) {
#ifdef ENGRAM_CUDA_ON_HOST
  cuda_on_host::SetMultiprocessors(count);
#endif
}
// Those of device 0.
inline int Multiprocessors() {
  cudaDeviceProp properties;
  return cudaGetDeviceProperties(&properties, 0) == cudaSuccess ? properties.multiProcessorCount : 0;
}

// Lets the threads of a kernel run in another order. A real device does as it likes.
inline void ShuffleThreads([[maybe_unused]] uint64_t seed) {
#ifdef ENGRAM_CUDA_ON_HOST
  cuda_on_host::SetSchedule(seed);
#endif
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_SWEEP_CUDA_DEVICE_UNDER_TEST_H_
