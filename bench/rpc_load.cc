#include "bench/rpc_load.h"

#include <algorithm>
#include <chrono>

#include "absl/synchronization/blocking_counter.h"

namespace engram::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWarmUpShare = 0.1;

// Calls that end in [begin, end) are recorded.
struct Period {
  explicit Period(absl::Duration duration)
      : begin(Clock::now() + absl::ToChronoNanoseconds(kWarmUpShare * duration)),
        end(begin + absl::ToChronoNanoseconds(duration)) {}

  bool Contains(Clock::time_point time) const { return begin <= time && time < end; }

  Clock::time_point begin;
  Clock::time_point end;
};

double Microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// The value with `share` of `values` at or below it; reorders them.
double Quantile(double share, std::vector<double>* values) {
  if (values->empty()) return 0;
  const auto rank = static_cast<int64_t>(share * static_cast<double>(values->size() - 1));
  std::nth_element(values->begin(), values->begin() + rank, values->end());
  return (*values)[rank];
}

LoadResult Summarize(const grpc::Status& status, int64_t call_count, absl::Duration duration,
                     std::vector<double> latencies_us) {
  LoadResult result;
  result.call_count = call_count;
  result.status = status;
  result.calls_per_second = static_cast<double>(latencies_us.size()) / absl::ToDoubleSeconds(duration);
  result.p50_us = Quantile(0.5, &latencies_us);
  result.p99_us = Quantile(0.99, &latencies_us);
  return result;
}

// One of the calls in flight: when it ends it begins anew, until the period is over.
class Loop {
 public:
  // `finished` is told once. All must outlive the loop's last call.
  Loop(Target* target, int64_t first_request, int64_t stride, const Period& period,
       absl::BlockingCounter* finished)
      : target_(target), request_(first_request), stride_(stride), period_(period), finished_(finished) {}

  void StartNext() {
    const Clock::time_point start = Clock::now();
    if (start >= period_.end || !status_.ok()) {
      finished_->DecrementCount();
      return;
    }
    target_->Start(request_, [this, start](const grpc::Status& status) {
      const Clock::time_point end = Clock::now();
      ++call_count_;
      if (period_.Contains(end)) latencies_us_.push_back(Microseconds(end - start));
      status_ = status;
      request_ += stride_;
      StartNext();
    });
  }

  const grpc::Status& status() const { return status_; }
  int64_t call_count() const { return call_count_; }
  const std::vector<double>& latencies_us() const { return latencies_us_; }

 private:
  Target* const target_;
  int64_t request_;
  const int64_t stride_;
  const Period period_;
  absl::BlockingCounter* const finished_;
  grpc::Status status_;
  int64_t call_count_ = 0;
  std::vector<double> latencies_us_;
};

}  // namespace

LoadResult RunSequentially(Target* target, absl::Duration duration) {
  const Period period(duration);
  grpc::Status status;
  std::vector<double> latencies_us;
  int64_t i = 0;
  for (; status.ok(); ++i) {
    const Clock::time_point start = Clock::now();
    if (start >= period.end) break;
    status = target->Call(i);
    const Clock::time_point end = Clock::now();
    if (period.Contains(end)) latencies_us.push_back(Microseconds(end - start));
  }
  return Summarize(status, i, duration, std::move(latencies_us));
}

LoadResult RunCalls(Target* target, int count) {
  const int warm_up = static_cast<int>(kWarmUpShare * count);
  grpc::Status status;
  std::vector<double> latencies_us;
  Clock::duration elapsed{};
  for (int i = 0; i < warm_up + count && status.ok(); ++i) {
    const Clock::time_point start = Clock::now();
    status = target->Call(i);
    if (i < warm_up) continue;
    const Clock::duration latency = Clock::now() - start;
    elapsed += latency;
    latencies_us.push_back(Microseconds(latency));
  }
  return Summarize(status, warm_up + count, absl::FromChrono(elapsed), std::move(latencies_us));
}

LoadResult RunInFlight(Target* target, int in_flight, absl::Duration duration) {
  const Period period(duration);
  absl::BlockingCounter finished(in_flight);
  std::vector<Loop> loops;
  loops.reserve(in_flight);
  for (int i = 0; i < in_flight; ++i) loops.emplace_back(target, i, in_flight, period, &finished);
  for (Loop& loop : loops) loop.StartNext();
  finished.Wait();

  grpc::Status status;
  int64_t call_count = 0;
  std::vector<double> latencies_us;
  for (const Loop& loop : loops) {
    call_count += loop.call_count();
    if (!loop.status().ok()) status = loop.status();
    latencies_us.insert(latencies_us.end(), loop.latencies_us().begin(), loop.latencies_us().end());
  }
  return Summarize(status, call_count, duration, std::move(latencies_us));
}

}  // namespace engram::bench
