#ifndef ENGRAM_CORE_ENGINE_SWEEP_PLAN_H_
#define ENGRAM_CORE_ENGINE_SWEEP_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace engram {

// What the plan must know of a waiting query.
struct WaitingQuery {
  absl::Time deadline = absl::InfiniteFuture();
  bool cancelled = false;
};

// Whether somebody still waits for the answer.
inline bool IsWanted(const WaitingQuery& query, absl::Time now) {
  return !query.cancelled && query.deadline > now;
}

// Which of the waiting queries, by index, do what next. Those named nowhere go on waiting.
struct SweepPlan {
  std::vector<int64_t> enter;      // Are served by the next sweep.
  std::vector<int64_t> expired;    // Leave: their deadline has passed.
  std::vector<int64_t> cancelled;  // Leave: nobody wants the answer.
};

// Decides who enters the next sweep: the first `max_states` queries that still have a reason to, in the
// order of `waiting`. No query waits for a batch to fill.
SweepPlan PlanSweep(absl::Span<const WaitingQuery> waiting, absl::Time now, int64_t max_states);

// What the update of a state takes up at most, in bytes for each row of the bank: 6 numbers of 8 bytes. They
// are the survivor (score, id, place; it becomes the member of the support), its scaled score, its weight,
// and its place while the support is sorted by id. Softmax needs no order and takes 5. The solvers of
// constrained sparsemax and of sequential k-subsets take more for the states that they are at work on.
inline constexpr int64_t kDenseBytesPerRow = 6 * 8;

// How many states one sweep of `row_count` rows may serve when those for which no row can be left out may
// take up `scratch_bytes`: at least 1, at most `max_batch`.
int64_t MaxStates(int64_t row_count, int64_t scratch_bytes, int64_t max_batch);

// What sweeping so many rows for one state and updating it may cost at most, in multiply-adds: a survivor
// costs as much as some dimensions more.
constexpr int64_t SweepWork(int64_t row_count, int64_t dim) { return row_count * (dim + 64); }

// How many states one sweep of `row_count` rows of `dim` components may serve when it may cost `max_work`
// (SweepWork for each state): at least 1.
int64_t MaxStatesOfWork(int64_t row_count, int64_t dim, int64_t max_work);

// When a caller who found `queued` queries waiting may find room: after the sweeps that they need at least,
// between 1 ms and 5 s.
absl::Duration RetryDelay(int64_t queued, int64_t max_batch, absl::Duration last_sweep);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_SWEEP_PLAN_H_
