#ifndef ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_RUNTIME_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_RUNTIME_H_

// What a .cu file needs, for g++: the runtime, the language of kernels, and launches.

#include <cuda_runtime_api.h>

#include <tuple>
#include <utility>

#include "cuda_on_host/device_language.h"
#include "cuda_on_host/intrinsics.h"

namespace engram::cuda_on_host {

// Calls `call(data)` once for each thread of the grid. Returns after the last one.
cudaError_t Launch(const cudaLaunchConfig_t& config, const void* kernel, void (*call)(const void* data),
                   const void* data);

template <typename Function>
const void* AddressOf(Function* function) {
  return reinterpret_cast<const void*>(function);
}

}  // namespace engram::cuda_on_host

template <typename... Params, typename... Args>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Params...), Args&&... args) {
  struct Call {
    void (*kernel)(Params...);
    std::tuple<Params...> params;
  };
  const Call call{kernel, {std::forward<Args>(args)...}};
  return engram::cuda_on_host::Launch(
      *config, engram::cuda_on_host::AddressOf(kernel),
      [](const void* data) {
        const Call& call = *static_cast<const Call*>(data);
        std::apply(call.kernel, call.params);
      },
      &call);
}

template <typename... Params>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Params...), cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(engram::cuda_on_host::AddressOf(kernel), attribute, value);
}

template <typename... Params>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*kernel)(Params...),
                                                          int block_threads, size_t dynamic_shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, engram::cuda_on_host::AddressOf(kernel),
                                                       block_threads, dynamic_shared_bytes);
}

template <typename T>
cudaError_t cudaMalloc(T** pointer, size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}
template <typename T>
cudaError_t cudaMallocAsync(T** pointer, size_t bytes, cudaStream_t stream) {
  return cudaMallocAsync(reinterpret_cast<void**>(pointer), bytes, stream);
}
template <typename T>
cudaError_t cudaMallocHost(T** pointer, size_t bytes) {
  return cudaMallocHost(reinterpret_cast<void**>(pointer), bytes);
}

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_RUNTIME_H_
