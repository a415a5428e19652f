#include "core/engine/sweep_plan.h"

#include <algorithm>

namespace engram {

SweepPlan PlanSweep(absl::Span<const WaitingQuery> waiting, absl::Time now, int64_t max_states,
                    int64_t max_bytes) {
  SweepPlan plan;
  int64_t bytes = 0;
  bool is_full = false;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const auto index = static_cast<int64_t>(i);
    if (waiting[i].cancelled) {
      plan.cancelled.push_back(index);
    } else if (waiting[i].deadline <= now) {
      plan.expired.push_back(index);
    } else if (!is_full) {
      bytes += waiting[i].scratch_bytes;
      // Whoever does not fit is the first of the next sweep.
      is_full =
          !plan.enter.empty() && (static_cast<int64_t>(plan.enter.size()) >= max_states || bytes > max_bytes);
      if (!is_full) plan.enter.push_back(index);
    }
  }
  return plan;
}

int64_t MostSurvivors(int64_t row_count, int64_t count, int64_t scratch_bytes, int64_t dense_bytes) {
  const int64_t of_each = (scratch_bytes - dense_bytes) / count - BoundsBytes(row_count);
  return std::max(kFewSurvivors, of_each / kDenseBytesPerRow);
}

int64_t MaxStatesOfWork(int64_t row_count, int64_t dim, int64_t max_work) {
  return std::max<int64_t>(1, max_work / std::max<int64_t>(1, SweepWork(row_count, dim)));
}

absl::Duration RetryDelay(int64_t queued, int64_t max_batch, absl::Duration last_sweep) {
  const int64_t sweeps = (queued + max_batch - 1) / max_batch;
  return std::clamp(last_sweep * sweeps, absl::Milliseconds(1), absl::Seconds(5));
}

}  // namespace engram
