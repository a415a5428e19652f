#ifndef ENGRAM_CORE_ENGINE_LANE_H_
#define ENGRAM_CORE_ENGINE_LANE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/engine/engine.h"

namespace engram {

// Queries that wait, served by one thread at a time, one turn after another; the banks take turns.
// Thread-safe.
//
// A thread serves the lane from an Add or an Await that returned true until a Next that returned nullopt or a
// HandOver, and does not touch the lane after that.
class Engine::Lane {
 public:
  // One turn sweeps at most `max_turn_work` components of patterns, counted once for each state, and serves
  // at least one state. What the turns do is counted in `counters`.
  Lane(const EngineOptions& options, int64_t max_turn_work, const Clock* clock, LaneCounters* counters)
      : options_(options), max_turn_work_(max_turn_work), clock_(clock), counters_(counters) {}

  // Adds the queries of a call. True: nobody served the lane, and the caller, who `may_serve`, now does.
  bool Add(std::vector<Seat> seats, bool may_serve) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until there is work that nobody serves. True: the caller now does. False: the lane was stopped.
  bool Await() ABSL_LOCKS_EXCLUDED(mutex_);

  // Puts back the queries of the turn before that need another sweep, and takes a turn of the bank that is
  // next. nullopt: nothing waits.
  std::optional<Turn> Next(std::vector<Seat> unfinished) ABSL_LOCKS_EXCLUDED(mutex_);

  // Puts the same back, for whoever awaits work.
  void HandOver(std::vector<Seat> unfinished) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until nobody serves the lane, then ends all Awaits. REQUIRES: nothing waits, or will.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The queries of one layout of a bank, in the order in which they are served.
  using Queue = std::vector<Seat>;

  void Put(std::vector<Seat> seats) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Turn TakeFrom(Queue* queue) const;

  const EngineOptions options_;
  const int64_t max_turn_work_;
  const Clock* const clock_;
  LaneCounters* const counters_;

  Mutex mutex_;
  CondVar work_;      // Something waits that nobody serves, or the lane was stopped.
  CondVar released_;  // Nobody serves.
  absl::flat_hash_map<uint64_t, Queue> queues_ ABSL_GUARDED_BY(mutex_);  // By layout id; none is empty.
  std::deque<uint64_t> turns_ ABSL_GUARDED_BY(mutex_);                   // Keys of queues_, next first.
  bool served_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_LANE_H_
