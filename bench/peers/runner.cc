#include "bench/peers/runner.h"

#include <sched.h>

#include <cerrno>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/sweep/sweeper_list.h"

namespace engram::bench {
namespace {

absl::Status SetAffinity(const cpu_set_t& cores) {
  if (sched_setaffinity(0, sizeof cores, &cores) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "sched_setaffinity");
}

}  // namespace

absl::Status PinToCore(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return SetAffinity(cores);
}

absl::Status UseAllCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (int core = 0; core < CPU_SETSIZE; ++core) CPU_SET(core, &cores);
  return SetAffinity(cores);
}

absl::StatusOr<std::unique_ptr<Runner>> Runner::Make(int thread_count, int core) {
  ENGRAM_RETURN_IF_ERROR(thread_count == 1 ? PinToCore(core) : UseAllCores());
  auto runner = absl::WrapUnique(new Runner(thread_count));
  ENGRAM_ASSIGN_OR_RETURN(ChosenSweeper cpu, MakeSweeper({"cpu"}, runner->pool()));
  ENGRAM_ASSIGN_OR_RETURN(ChosenSweeper reference, MakeSweeper({"reference"}, runner->pool()));
  runner->description_ = absl::StrCat(cpu.sweeper->name(), ": ", cpu.reason);
  runner->cpu_ = std::move(cpu.sweeper);
  runner->reference_ = std::move(reference.sweeper);
  return runner;
}

Engine* Runner::engine() {
  if (engine_ == nullptr) engine_ = std::make_unique<Engine>(EngineOptions(), cpu_.get(), &pool_, &clock_);
  return engine_.get();
}

}  // namespace engram::bench
