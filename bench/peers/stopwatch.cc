#include "bench/peers/stopwatch.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Seconds(SteadyClock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

absl::StatusOr<Timing> TimeCalls(absl::Duration duration, int64_t first,
                                 const std::function<absl::Status(int64_t)>& body) {
  std::vector<double> calls_ms;
  const double cpu_before = CpuSeconds();
  const SteadyClock::time_point start = SteadyClock::now();
  SteadyClock::time_point before = start;
  do {
    ENGRAM_RETURN_IF_ERROR(body(first + static_cast<int64_t>(calls_ms.size())));
    const SteadyClock::time_point after = SteadyClock::now();
    calls_ms.push_back(1e3 * Seconds(after - before));
    before = after;
  } while (Seconds(before - start) < absl::ToDoubleSeconds(duration));
  Timing timing;
  timing.calls = static_cast<int64_t>(calls_ms.size());
  timing.cpu_share = (CpuSeconds() - cpu_before) / Seconds(before - start);
  timing.median_ms = Quantile(std::move(calls_ms), 0.5);
  return timing;
}

double Quantile(std::vector<double> values, double share) {
  const auto rank = static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(rank), values.end());
  return values[rank];
}

}  // namespace engram::bench
