#include "core/engine/sweep_plan.h"

#include <algorithm>

namespace engram {

SweepPlan PlanSweep(absl::Span<const WaitingQuery> waiting, absl::Time now, int64_t max_states) {
  SweepPlan plan;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    if (waiting[i].cancelled) {
      plan.cancelled.push_back(index);
    } else if (waiting[i].deadline <= now) {
      plan.expired.push_back(index);
    } else if (static_cast<int64_t>(plan.enter.size()) < max_states) {
      plan.enter.push_back(index);
    }
  }
  return plan;
}

int64_t MaxStates(int64_t row_count, int64_t scratch_bytes, int64_t max_batch) {
  const int64_t bytes_per_state = std::max<int64_t>(1, row_count) * kDenseBytesPerRow;
  return std::clamp<int64_t>(scratch_bytes / bytes_per_state, 1, max_batch);
}

int64_t MaxStatesOfWork(int64_t row_count, int64_t dim, int64_t max_work) {
  return std::max<int64_t>(1, max_work / std::max<int64_t>(1, SweepWork(row_count, dim)));
}

absl::Duration RetryDelay(int64_t queued, int64_t max_batch, absl::Duration last_sweep) {
  const int64_t sweeps = (queued + max_batch - 1) / max_batch;
  return std::clamp(last_sweep * sweeps, absl::Milliseconds(1), absl::Seconds(5));
}

}  // namespace engram
