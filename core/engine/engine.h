#ifndef ENGRAM_CORE_ENGINE_ENGINE_H_
#define ENGRAM_CORE_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/clock.h"
#include "core/base/thread_pool.h"
#include "core/engine/admission.h"
#include "core/engine/call.h"
#include "core/engine/engine_counters.h"
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
  // Bytes that the survivor lists of one sweep, of the two that may run at a time, may take up when every row
  // survives; large banks are swept with fewer states at a time, at least with one. Also what all
  // trajectories under way may take up together.
  int64_t scratch_bytes = int64_t{1} << 30;
  // A bank with at most this SweepWork is small: its retrievals and energies never wait for the sweep of a
  // larger one.
  int64_t small_bank_work = int64_t{1} << 20;
  // Whether a caller who finds nobody at work on the small banks sweeps himself, a moment at most, instead of
  // waking a thread.
  bool callers_sweep = false;
};

// Runs the Hopfield loop for all queries in flight, by continuous batching: each sweep of a bank serves every
// query on it, whichever update it is at and whatever its dynamics. A query joins at the next sweep and
// leaves when it is done, cancelled or late. The banks with work take turns, in two lanes: short
// turns for small banks, and all else.
//
// An answer does not depend on the other queries. Thread-safe.
class Engine {
 public:
  // All three must outlive the engine. `pool` helps with sweeps and updates that are worth it.
  Engine(EngineOptions options, Sweeper* sweeper, ThreadPool* pool, const Clock* clock);
  // Finishes what was submitted.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs the dynamics of `call` from each of its queries on the version `bank`, then calls `done`, on a
  // thread of the engine or, if callers sweep, of a caller, perhaps before this returns. Returns at once, or
  // after that moment. If it returns an error, `done` is not called.
  //
  // INVALID_ARGUMENT: the transformation does not fit the bank (k > N). FAILED_PRECONDITION: the bank is
  // empty. RESOURCE_EXHAUSTED: the queue is full; retry after the delay in the details.
  // UNAVAILABLE: the engine is shutting down. `done` may get INVALID_ARGUMENT (a state left the range of
  // float32), CANCELLED, DEADLINE_EXCEEDED and the sweeper's errors.
  // REQUIRES: call.states holds B * D finite numbers, B >= 1.
  absl::Status Retrieve(BankSnapshot bank, RetrieveCall call, RetrieveDone done);

  // The energies of the states of `call`; the rest as for Retrieve.
  absl::Status Energy(BankSnapshot bank, Call call, EnergyDone done);

  // The vector-Jacobian products of exactly max_iterations updates from each of the queries of `call`; the
  // rest as for Retrieve. `done` may also get RESOURCE_EXHAUSTED: a trajectory is larger than the call
  // allows.
  absl::Status Differentiate(BankSnapshot bank, DifferentiateCall call, DifferentiateDone done);

  // The next memory of call.recall; the rest as for Retrieve. REQUIRES: it is not exhausted.
  absl::Status Recall(RecallCall call, RecallDone done);

  // The separations of patterns [call.begin, call.end) of `bank` in id order; the rest as for Retrieve.
  // REQUIRES: 0 <= begin < end <= N.
  absl::Status Separate(BankSnapshot bank, SeparateCall call, SeparateDone done);

  // Refuses calls from now on and returns when all earlier ones are done.
  void Drain() { admission_.CloseAndWait(); }

  // Queries waiting and in flight.
  int64_t queued() const { return admission_.queued(); }

  // What it has done so far.
  const EngineCounters& counters() const { return counters_; }

 private:
  class Lane;
  class SweepsOfTurn;
  class PendingCall;
  template <typename CallType, typename Answer, typename Result>
  class PendingAnswers;
  // Query b of a call.
  struct Seat {
    std::shared_ptr<PendingCall> call;
    std::unique_ptr<Flight> flight;
    int64_t b = 0;
    // A sweep left it, or might have: it takes up room for all rows.
    bool is_dense = false;
  };
  // What is done next: who is served by a sweep, and who leaves without.
  struct Turn {
    std::vector<Seat> enter;
    std::vector<Seat> expired;
    std::vector<Seat> cancelled;
  };

  // The lane of a retrieval or an energy.
  Lane* LaneFor(const BankSnapshot& bank, const Dynamics& dynamics) const;
  absl::Status Submit(std::shared_ptr<PendingCall> call, Lane* lane);
  // Serves a lane whenever there is work that nobody serves, until the lane is stopped.
  void Work(Lane* lane);
  // Serves a lane until nothing waits or, after a turn, `at_most` is over.
  void ServeLane(Lane* lane, absl::Duration at_most);
  // Returns the seats that need another turn.
  std::vector<Seat> TakeTurn(Turn turn, Lane* lane);
  // What a sweep and an update of a query may take up.
  static int64_t ScratchBytes(const Seat& seat);
  // Serves the seats of a turn with one sweep; returns those that need another.
  std::vector<Seat> Serve(std::vector<Seat> seats, LaneCounters* counters, SweepsOfTurn* sweeps);
  // Answers the seats of a turn that want a sweep, and those that want a stream. `sweeps` end with it; null:
  // they do not.
  absl::Status Sweep(const BankSnapshot& newest, absl::Span<Seat> seats, LaneCounters* counters,
                     SweepsOfTurn* sweeps);
  absl::Status Stream(const BankSnapshot& newest, absl::Span<Seat> seats, LaneCounters* counters,
                      SweepsOfTurn* sweeps);
  // Lets a query take what a sweep returned, with the help of `pool` unless it is null, and go on for as long
  // as the near misses of the sweep serve its next states, with room for `most_survivors`.
  void Advance(Seat* seat, int64_t most_survivors, SweepResult result, ThreadPool* pool);
  // Gives a seat up whose query is done or has failed.
  void Conclude(Seat* seat, const absl::StatusOr<bool>& done);
  // Counts the end of queries that have no answer, and fails their calls.
  void FailSeats(const std::vector<Seat>& seats, QueryEnd end, const absl::Status& status);

  const EngineOptions options_;
  TrajectoryMemory trajectory_memory_;
  Sweeper* const sweeper_;
  ThreadPool* const pool_;
  const Clock* const clock_;
  EngineCounters counters_;
  Admission admission_;
  const std::unique_ptr<Lane> short_lane_;
  const std::unique_ptr<Lane> long_lane_;
  std::vector<std::thread> executors_;  // Last: they use all of the above.
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ENGINE_H_
