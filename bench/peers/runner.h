#ifndef ENGRAM_BENCH_PEERS_RUNNER_H_
#define ENGRAM_BENCH_PEERS_RUNNER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/thread_pool.h"
#include "core/engine/engine.h"
#include "core/sweep/sweeper.h"

namespace engram::bench {

// What sweeps on one thread, pinned to a core, or on several.
class Runner {
 public:
  // Moves the caller to core `core` if `thread_count` is 1, or else lets it use all cores; threads made from
  // now on, by this runner too, inherit that. REQUIRES: thread_count >= 1.
  static absl::StatusOr<std::unique_ptr<Runner>> Make(int thread_count, int core);

  ThreadPool* pool() { return &pool_; }
  Sweeper* cpu() { return cpu_.get(); }
  Sweeper* reference() { return reference_.get(); }
  const Clock* clock() const { return &clock_; }
  // An engine over the backend "cpu", made when it is first asked for.
  Engine* engine();
  // What tells the backend's variant: its name, and why it was chosen.
  const std::string& description() const { return description_; }

 private:
  explicit Runner(int thread_count) : pool_(thread_count - 1) {}

  ThreadPool pool_;  // The caller is one of the threads.
  SystemClock clock_;
  std::unique_ptr<Sweeper> cpu_;
  std::unique_ptr<Sweeper> reference_;
  std::unique_ptr<Engine> engine_;
  std::string description_;
};

// Moves the calling thread to one core, or lets it use all.
absl::Status PinToCore(int core);
absl::Status UseAllCores();

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_RUNNER_H_
