#ifndef ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_
#define ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/thread_pool.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The one list of the backends built into this program.
std::vector<std::string> SweeperNames();

// What is asked for.
struct SweeperOptions {
  // One of SweeperNames(), or "auto": the fastest that runs here.
  std::string backend = "auto";
  // What to screen with on the host, by a name that FindScreenKernels() knows.
  std::string kernels = "auto";
  // For "cuda": the numbers of the devices, as CUDA counts them, and the bytes of the memory of each that
  // banks may take; 0: what is free.
  std::vector<int> devices = {0};
  int64_t device_budget_bytes = 0;
};

// A backend and why it was chosen.
struct ChosenSweeper {
  std::unique_ptr<Sweeper> sweeper;
  std::string reason;
  // The instruction set that it screens with, and why; empty: it does not screen.
  std::string kernels;
  std::string kernels_reason;
};

// The backend that `options` ask for. `pool` must outlive it. INVALID_ARGUMENT: there is no such backend, or
// no such kernels here. FAILED_PRECONDITION: the backend is not built in, or cannot run here; the text says
// what it needs.
absl::StatusOr<ChosenSweeper> MakeSweeper(const SweeperOptions& options, ThreadPool* pool);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_
