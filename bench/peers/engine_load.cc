#include "bench/peers/engine_load.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "bench/peers/stopwatch.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double MicrosecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

RetrieveCall MakeCall(const PeerData& data, const Dynamics& dynamics, int64_t query) {
  RetrieveCall call;
  call.dynamics = dynamics;
  call.with_energy = false;
  const absl::Span<const double> state = data.query_in_double(query);
  call.states.assign(state.begin(), state.end());
  return call;
}

// What the calls of a load saw, together. Thread-safe.
class Tally {
 public:
  void Add(const absl::Status& status, double latency_us) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    status_.Update(status);
    latencies_us_.push_back(latency_us);
    answered_.NotifyAll();
  }
  bool failed() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return !status_.ok();
  }
  void WaitFor(int64_t calls) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    while (static_cast<int64_t>(latencies_us_.size()) < calls) answered_.Wait(&mutex_);
  }
  // REQUIRES: at least one call was added.
  absl::StatusOr<LoadTiming> Sum(double elapsed_us) const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    ENGRAM_RETURN_IF_ERROR(status_);
    LoadTiming timing;
    timing.calls = static_cast<int64_t>(latencies_us_.size());
    timing.calls_per_second = 1e6 * static_cast<double>(timing.calls) / elapsed_us;
    timing.p50_us = Quantile(latencies_us_, 0.5);
    timing.p99_us = Quantile(latencies_us_, 0.99);
    return timing;
  }

 private:
  mutable Mutex mutex_;
  CondVar answered_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> latencies_us_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

ClosedLoad::ClosedLoad(Engine* engine, const PeerData* data, Dynamics dynamics,
                       std::vector<BankSnapshot> banks, int clients)
    : engine_(engine),
      data_(data),
      dynamics_(std::move(dynamics)),
      banks_(std::move(banks)),
      clients_(clients) {}

absl::StatusOr<LoadTiming> ClosedLoad::Run(absl::Duration duration) const {
  Tally tally;
  const SteadyClock::time_point start = SteadyClock::now();
  const double end_us = absl::ToDoubleMicroseconds(duration);
  std::vector<std::thread> threads;
  for (int c = 0; c < clients_; ++c) {
    threads.emplace_back([&, c] {
      const BankSnapshot& bank = banks_[c % banks_.size()];
      for (int64_t query = c; !tally.failed(); query += clients_) {
        const SteadyClock::time_point before = SteadyClock::now();
        const auto answered = std::make_shared<std::promise<absl::Status>>();
        const absl::Status accepted =
            engine_->Retrieve(bank, MakeCall(*data_, dynamics_, query),
                              [answered](const absl::StatusOr<RetrieveResult>& result) {
                                answered->set_value(result.status());
                              });
        const absl::Status status = accepted.ok() ? answered->get_future().get() : accepted;
        tally.Add(status, MicrosecondsSince(before));
        if (MicrosecondsSince(start) >= end_us) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return tally.Sum(MicrosecondsSince(start));
}

absl::StatusOr<LoadTiming> RunAtRate(Engine* engine, const PeerData& data, const Dynamics& dynamics,
                                     const std::vector<BankSnapshot>& banks, double rate,
                                     absl::Duration duration) {
  Tally tally;
  const auto calls = std::max<int64_t>(1, static_cast<int64_t>(rate * absl::ToDoubleSeconds(duration)));
  const SteadyClock::time_point start = SteadyClock::now();
  for (int64_t i = 0; i < calls; ++i) {
    const SteadyClock::time_point due =
        start + std::chrono::duration_cast<SteadyClock::duration>(
                    std::chrono::duration<double>(static_cast<double>(i) / rate));
    std::this_thread::sleep_until(due);
    const absl::Status accepted =
        engine->Retrieve(banks[i % banks.size()], MakeCall(data, dynamics, i),
                         [&tally, due](const absl::StatusOr<RetrieveResult>& result) {
                           tally.Add(result.status(), MicrosecondsSince(due));
                         });
    if (!accepted.ok()) tally.Add(accepted, MicrosecondsSince(due));
  }
  tally.WaitFor(calls);
  return tally.Sum(MicrosecondsSince(start));
}

}  // namespace engram::bench
