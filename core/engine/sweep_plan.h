#ifndef ENGRAM_CORE_ENGINE_SWEEP_PLAN_H_
#define ENGRAM_CORE_ENGINE_SWEEP_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace engram {

// What the plan must know of a waiting query.
struct WaitingQuery {
  absl::Time deadline = absl::InfiniteFuture();
  bool cancelled = false;
  // What a sweep and an update of it may take up.
  int64_t scratch_bytes = 0;
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

// Decides who enters the next sweep: the first `max_states` queries that still have a reason to, as long as
// they take up at most `max_bytes` together, but one in any case; in the order of `waiting`. No query waits
// for a batch to fill.
SweepPlan PlanSweep(absl::Span<const WaitingQuery> waiting, absl::Time now, int64_t max_states,
                    int64_t max_bytes);

// What the update of a state takes up at most, in bytes for each row of the bank: 6 numbers of 8 bytes. They
// are the survivor (score, id, place; it becomes the member of the support), its scaled score, its weight,
// and its place while the support is sorted by id. Softmax needs no order and takes 5. The solvers of
// constrained sparsemax and of sequential k-subsets take more for the states that they are at work on.
inline constexpr int64_t kDenseBytesPerRow = 6 * 8;

// What a state may take up that has room for all `row_count` rows.
inline int64_t DenseBytes(int64_t row_count) { return row_count * kDenseBytesPerRow; }

// Mostly few rows survive: a state has room for so many in any case,
inline constexpr int64_t kFewSurvivors = 4096;
// and of those that share a sweep each has as much as the others. It takes up its room for few, and its
// bounds: 4 bytes for each tile of 16 rows. What needs more is left, and asks again with room for all.
inline int64_t BoundsBytes(int64_t row_count) { return row_count / 4; }
inline int64_t ScreenedBytes(int64_t row_count) {
  return std::min(DenseBytes(row_count), BoundsBytes(row_count) + kFewSurvivors * kDenseBytesPerRow);
}

// What a streamed state may take up: its scores, and rows of largest weight.
inline int64_t StreamedBytes(int64_t row_count) { return row_count * 8; }

// How many survivors each of `count` states of a sweep has room for in `scratch_bytes`, of which others have
// taken `dense_bytes`: at least kFewSurvivors.
int64_t MostSurvivors(int64_t row_count, int64_t count, int64_t scratch_bytes, int64_t dense_bytes);

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
