#ifndef ENGRAM_CORE_ENGINE_PENDING_CALL_H_
#define ENGRAM_CORE_ENGINE_PENDING_CALL_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/engine/call.h"
#include "core/engine/count_answer.h"
#include "core/engine/engine.h"
#include "core/engine/flight.h"
#include "core/engine/sweep_plan.h"

namespace engram {

// A call whose queries are in flight. Answers its caller exactly once: when the last query is done, or with
// the failure of the whole call. Thread-safe.
class Engine::PendingCall {
 public:
  PendingCall(BankSnapshot bank, int64_t query_count, absl::Time deadline,
              std::shared_ptr<const Cancellation> cancellation)
      : bank_(std::move(bank)),
        query_count_(query_count),
        deadline_(deadline),
        cancellation_(std::move(cancellation)),
        remaining_(query_count) {}
  virtual ~PendingCall() = default;

  // The flight of query b. REQUIRES: called once for each b; the call outlives the flight.
  virtual std::unique_ptr<Flight> MakeFlight(int64_t b) = 0;

  virtual QueryKind kind() const = 0;
  // Counts query b, which has its answer. REQUIRES: before FinishOne.
  virtual void CountAnswer(int64_t b, EngineCounters* counters) const = 0;

  const BankSnapshot& bank() const { return bank_; }
  int64_t query_count() const { return query_count_; }
  WaitingQuery ForPlan() const {
    const bool cancelled = cancellation_ != nullptr && cancellation_->cancelled();
    // Once answered with a failure, the call's other queries have no reason to go on.
    return {deadline_, cancelled || answered_.load()};
  }

  // Query b is done, or has failed. The call then fails with the first of its queries that did: which that is
  // does not depend on who was faster.
  void FinishOne(int64_t b, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!status.ok()) {
      MutexLock lock(&mutex_);
      if (failure_.ok() || b < failed_) failure_ = status;
      failed_ = std::min(failed_, b);
    }
    if (remaining_.fetch_sub(1) != 1 || answered_.exchange(true)) return;
    const absl::Status failure = FirstFailure();
    failure.ok() ? Succeed() : AnswerWith(failure);
  }
  // Fails at once.
  void Fail(const absl::Status& status) {
    if (!answered_.exchange(true)) AnswerWith(status);
  }

 protected:
  virtual void Succeed() = 0;
  virtual void AnswerWith(const absl::Status& status) = 0;

 private:
  absl::Status FirstFailure() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return failure_;
  }

  const BankSnapshot bank_;
  const int64_t query_count_;
  const absl::Time deadline_;
  const std::shared_ptr<const Cancellation> cancellation_;
  std::atomic<int64_t> remaining_;
  std::atomic<bool> answered_{false};
  Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int64_t failed_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int64_t>::max();
};

// A PendingCall of one kind. `MakeFlight` is a function (const CallType&, const BankSnapshot&, int64_t b,
// Answer*) -> unique_ptr<Flight>; Result has the bank and the answers.
template <typename CallType, typename Answer, typename Result>
class Engine::PendingAnswers : public Engine::PendingCall {
 public:
  using FlightMaker = std::unique_ptr<Flight> (*)(const CallType& call, const BankSnapshot& bank, int64_t b,
                                                  Answer* answer);

  PendingAnswers(BankSnapshot bank, CallType call, int64_t query_count, FlightMaker make_flight,
                 Done<Result> done)
      : PendingCall(std::move(bank), query_count, call.deadline, call.cancellation),
        call_(std::move(call)),
        make_flight_(make_flight),
        answers_(query_count),
        done_(std::move(done)) {}

  std::unique_ptr<Flight> MakeFlight(int64_t b) override {
    return make_flight_(call_, bank(), b, &answers_[b]);
  }
  QueryKind kind() const override { return KindOf<Answer>::value; }
  void CountAnswer(int64_t b, EngineCounters* counters) const override {
    engram::CountAnswer(answers_[b], counters);
  }

 protected:
  void Succeed() override { done_(Result{bank(), std::move(answers_)}); }
  void AnswerWith(const absl::Status& status) override { done_(Clone(status)); }

 private:
  const CallType call_;
  const FlightMaker make_flight_;
  std::vector<Answer> answers_;
  const Done<Result> done_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_PENDING_CALL_H_
