#ifndef ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_
#define ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/thread_pool.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The one list of the backends built into this program.
std::vector<std::string> SweeperNames();

// A backend and why it was chosen.
struct ChosenSweeper {
  std::unique_ptr<Sweeper> sweeper;
  std::string reason;
  // The instruction set that it screens with, and why; empty: it does not screen.
  std::string kernels;
  std::string kernels_reason;
};

// The backend called `name`, one of SweeperNames(), or the fastest one that runs here for "auto", screening
// with the `kernels` that FindScreenKernels() knows by that name. `pool` must outlive it. INVALID_ARGUMENT:
// there is no such backend, or no such kernels here.
absl::StatusOr<ChosenSweeper> MakeSweeper(const std::string& name, const std::string& kernels,
                                          ThreadPool* pool);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_
