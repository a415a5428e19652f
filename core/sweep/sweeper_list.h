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
};

// The backend called `name`, one of SweeperNames(), or the fastest one that runs here for "auto". `pool` must
// outlive it. INVALID_ARGUMENT: there is no such backend.
absl::StatusOr<ChosenSweeper> MakeSweeper(const std::string& name, ThreadPool* pool);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_LIST_H_
