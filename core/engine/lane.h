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

// Queries that wait, served in turns, of which the banks take one after the other. One turn sweeps at a time.
// Thread-safe.
//
// A thread serves the lane from an Add or an Await that returned true until a Next that returned nullopt or a
// HandOver, and does not touch the lane after that. One does so at a time; where sweeps leave the host free,
// a second from when the first has swept until it has answered, so that the device need not wait for the
// host: if another bank is next, or more queries wait than are answered, or as many as a sweep takes. With
// fewer, one sweep for all of them a moment later does more.
class Engine::Lane {
 public:
  // One turn sweeps at most `max_turn_work` components of patterns, counted once for each state, and serves
  // at least one state. What the turns do is counted in `counters`. `do_sweeps_overlap`: see above.
  Lane(const EngineOptions& options, int64_t max_turn_work, bool do_sweeps_overlap, const Clock* clock,
       LaneCounters* counters)
      : options_(options),
        max_turn_work_(max_turn_work),
        do_sweeps_overlap_(do_sweeps_overlap),
        clock_(clock),
        counters_(counters) {}

  LaneCounters* counters() const { return counters_; }
  // How many threads can serve it at a time.
  int most_servers() const { return do_sweeps_overlap_ ? 2 : 1; }

  // Adds the queries of a call. True: nobody served the lane, and the caller, who `may_serve`, now does.
  bool Add(std::vector<Seat> seats, bool may_serve) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until it can be served. True: the caller now does. False: the lane was stopped.
  bool Await() ABSL_LOCKS_EXCLUDED(mutex_);

  // Puts back the queries of the turn before that need another sweep, and takes a turn of the bank that is
  // next. nullopt: nothing waits.
  std::optional<Turn> Next(std::vector<Seat> unfinished) ABSL_LOCKS_EXCLUDED(mutex_);

  // The serving thread has swept for its turn, and goes on to answer the queries. To be called once for each
  // turn.
  void NoteSwept() ABSL_LOCKS_EXCLUDED(mutex_);

  // Puts the same back, for whoever awaits work.
  void HandOver(std::vector<Seat> unfinished) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until nobody serves the lane, then ends all Awaits. REQUIRES: nothing waits, or will.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The queries of one layout of a bank, in the order in which they are served.
  using Queue = std::vector<Seat>;

  void Put(std::vector<Seat> seats) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CanBeServed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Turn TakeFrom(Queue* queue) const;

  const EngineOptions options_;
  const int64_t max_turn_work_;
  const bool do_sweeps_overlap_;
  const Clock* const clock_;
  LaneCounters* const counters_;

  Mutex mutex_;
  CondVar work_;      // The lane can be served, or was stopped.
  CondVar released_;  // Nobody serves.
  absl::flat_hash_map<uint64_t, Queue> queues_ ABSL_GUARDED_BY(mutex_);  // By layout id; none is empty.
  std::deque<uint64_t> turns_ ABSL_GUARDED_BY(mutex_);                   // Keys of queues_, next first.
  int servers_ ABSL_GUARDED_BY(mutex_) = 0;                              // Threads that serve it.
  bool is_sweeping_ ABSL_GUARDED_BY(mutex_) = false;  // One of them has not swept yet for its turn.
  // Of the last turn that was swept for: its queue, and how many queries it has.
  uint64_t last_layout_id_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t last_query_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_LANE_H_
