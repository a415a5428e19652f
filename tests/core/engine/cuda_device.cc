#include <cstdio>
#include <memory>
#include <string>

#include "core/base/thread_pool.h"
#include "core/sweep/cuda/cuda_backend.h"
#include "tests/core/engine/device_under_test.h"

namespace engram {

bool NeedsDevice() { return true; }

Sweeper* DeviceUnderTest() {
  static Sweeper* const device = []() -> Sweeper* {
    CudaOptions options;
    options.least_work = 0;
    auto made = MakeCudaSweeper(options, new ThreadPool(1), BestScreenKernels());
    if (made.ok()) return made->release();
    std::fprintf(stderr, "no device: %s\n", std::string(made.status().message()).c_str());
    return nullptr;
  }();
  return device;
}

}  // namespace engram
