#ifndef ENGRAM_CORE_ENGINE_ENGINE_H_
#define ENGRAM_CORE_ENGINE_ENGINE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/thread_pool.h"
#include "core/engine/call.h"
#include "core/engine/flight.h"
#include "core/engine/recall.h"
#include "core/engine/trajectory_memory.h"
#include "core/sweep/sweeper.h"

namespace engram {

struct EngineOptions {
  // Largest number of queries waiting and in flight; above it calls are refused.
  int64_t queue_capacity = 4096;
  // Largest number of states that one sweep serves.
  int64_t max_batch = 256;
  // Bytes that the survivor lists of one sweep may take up when every row survives; large banks are swept
  // with fewer states at a time, at least with one. Also what all trajectories under way may take up
  // together.
  int64_t scratch_bytes = int64_t{1} << 30;
};

// Runs the Hopfield loop for all queries in flight, by continuous batching: each sweep of a bank serves every
// query on it, whichever update it is at and whatever its dynamics. A query joins at the next sweep and
// leaves when it is done, cancelled or late. One executor takes the banks with work in turn.
//
// An answer does not depend on the other queries. Thread-safe.
class Engine {
 public:
  // All three must outlive the engine. The caller's threads never run a sweep; `pool` does, and updates.
  Engine(EngineOptions options, Sweeper* sweeper, ThreadPool* pool, const Clock* clock);
  // Finishes what was submitted.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs the dynamics of `call` from each of its queries on the version `bank`, then calls `done`, on a
  // thread of the engine. Returns at once. If it returns an error, `done` is not called.
  //
  // INVALID_ARGUMENT: the transformation does not fit the bank (k > N). FAILED_PRECONDITION: the bank is
  // empty. RESOURCE_EXHAUSTED: the queue is full; retry after the delay in the details.
  // UNAVAILABLE: the engine is shutting down. `done` may get INVALID_ARGUMENT (a state left the range of
  // float32), CANCELLED, DEADLINE_EXCEEDED and the sweeper's errors.
  // REQUIRES: call.states holds B * D finite numbers, B >= 1.
  absl::Status Retrieve(BankSnapshot bank, RetrieveCall call, RetrieveDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // The energies of the states of `call`; the rest as for Retrieve.
  absl::Status Energy(BankSnapshot bank, Call call, EnergyDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // The vector-Jacobian products of exactly max_iterations updates from each of the queries of `call`; the
  // rest as for Retrieve. `done` may also get RESOURCE_EXHAUSTED: a trajectory is larger than the call
  // allows.
  absl::Status Differentiate(BankSnapshot bank, DifferentiateCall call, DifferentiateDone done)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The next memory of call.recall; the rest as for Retrieve. REQUIRES: it is not exhausted.
  absl::Status Recall(RecallCall call, RecallDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // The separations of patterns [call.begin, call.end) of `bank` in id order; the rest as for Retrieve.
  // REQUIRES: 0 <= begin < end <= N.
  absl::Status Separate(BankSnapshot bank, SeparateCall call, SeparateDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Refuses calls from now on and returns when all earlier ones are done.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);

  // Queries waiting and in flight.
  int64_t queued() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class PendingCall;
  template <typename CallType, typename Answer, typename Result>
  class PendingAnswers;
  // Query b of a call.
  struct Seat {
    std::shared_ptr<PendingCall> call;
    std::unique_ptr<Flight> flight;
    int64_t b = 0;
  };
  // The queries of one layout of a bank, in the order in which they are served.
  using Queue = std::deque<Seat>;
  // What the executor does next.
  struct Turn {
    std::vector<Seat> enter;
    std::vector<Seat> expired;
    std::vector<Seat> cancelled;
  };

  absl::Status Submit(std::shared_ptr<PendingCall> call) ABSL_LOCKS_EXCLUDED(mutex_);
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for work and takes a turn of the bank that is next; nullopt: shut down.
  std::optional<Turn> NextTurn() ABSL_LOCKS_EXCLUDED(mutex_);
  // Serves the seats of a turn with one sweep; returns those that need another.
  std::vector<Seat> Serve(std::vector<Seat> seats);
  // Lets a query take what a sweep returned, and go on for as long as the near misses of the sweep serve its
  // next states; gives its seat up when it is done or has failed.
  void Advance(Seat* seat, SweepResult* result) ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes room in the queue, before the answer leaves: its receiver may ask at once again.
  void FreeRoom(int64_t queries) ABSL_LOCKS_EXCLUDED(mutex_);
  void Requeue(std::vector<Seat> seats) ABSL_LOCKS_EXCLUDED(mutex_);

  const EngineOptions options_;
  TrajectoryMemory trajectory_memory_;
  Sweeper* const sweeper_;
  ThreadPool* const pool_;
  const Clock* const clock_;

  mutable Mutex mutex_;
  CondVar work_;
  CondVar idle_;
  absl::flat_hash_map<uint64_t, Queue> queues_ ABSL_GUARDED_BY(mutex_);  // By layout id; none is empty.
  std::deque<uint64_t> turns_ ABSL_GUARDED_BY(mutex_);                   // Keys of queues_, next first.
  int64_t queued_ ABSL_GUARDED_BY(mutex_) = 0;      // Queries that take up room: not answered yet.
  int64_t unfinished_ ABSL_GUARDED_BY(mutex_) = 0;  // Those, and queries whose answer is under way.
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration last_sweep_ ABSL_GUARDED_BY(mutex_) = absl::Milliseconds(1);
  std::thread executor_;  // Last: it uses all of the above.
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ENGINE_H_
