#ifndef ENGRAM_CORE_ENGINE_PENDING_CALL_H_
#define ENGRAM_CORE_ENGINE_PENDING_CALL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/engine/call.h"
#include "core/engine/engine.h"
#include "core/engine/flight.h"
#include "core/engine/sweep_plan.h"

namespace engram {

// A call whose queries are in flight. Answers its caller exactly once: when the last query is done, or with
// the first failure. Thread-safe.
class Engine::PendingCall {
 public:
  PendingCall(BankSnapshot bank, int64_t query_count)
      : bank_(std::move(bank)), query_count_(query_count), remaining_(query_count) {}
  virtual ~PendingCall() = default;

  virtual const Call& call() const = 0;
  // The flight of query b. REQUIRES: called once for each b; the call outlives the flight.
  virtual std::unique_ptr<Flight> MakeFlight(int64_t b) = 0;

  const BankSnapshot& bank() const { return bank_; }
  int64_t query_count() const { return query_count_; }
  absl::Span<const double> state(int64_t b) const {
    const auto dim = static_cast<size_t>(bank_.settings().dim);
    return absl::MakeConstSpan(call().states).subspan(b * dim, dim);
  }
  WaitingQuery ForPlan() const {
    const bool cancelled = call().cancellation != nullptr && call().cancellation->cancelled();
    // Once answered with a failure, the call's other queries have no reason to go on.
    return {call().deadline, cancelled || answered_.load()};
  }

  // One of the queries is done.
  void FinishOne() {
    if (remaining_.fetch_sub(1) == 1 && !answered_.exchange(true)) Succeed();
  }
  void Fail(const absl::Status& status) {
    if (!answered_.exchange(true)) AnswerWith(status);
  }

 protected:
  virtual void Succeed() = 0;
  virtual void AnswerWith(const absl::Status& status) = 0;

 private:
  const BankSnapshot bank_;
  const int64_t query_count_;
  std::atomic<int64_t> remaining_;
  std::atomic<bool> answered_{false};
};

class Engine::PendingRetrieve : public Engine::PendingCall {
 public:
  PendingRetrieve(BankSnapshot bank, RetrieveCall call, int64_t query_count, RetrieveDone done)
      : PendingCall(std::move(bank), query_count),
        call_(std::move(call)),
        retrievals_(query_count),
        done_(std::move(done)) {}

  const Call& call() const override { return call_; }
  std::unique_ptr<Flight> MakeFlight(int64_t b) override {
    return std::make_unique<RetrievalFlight>(&call_, state(b), &retrievals_[b]);
  }

 protected:
  void Succeed() override { done_(RetrieveResult{bank(), std::move(retrievals_)}); }
  void AnswerWith(const absl::Status& status) override { done_(status); }

 private:
  const RetrieveCall call_;
  std::vector<Retrieval> retrievals_;
  const RetrieveDone done_;
};

class Engine::PendingEnergy : public Engine::PendingCall {
 public:
  PendingEnergy(BankSnapshot bank, Call call, int64_t query_count, EnergyDone done)
      : PendingCall(std::move(bank), query_count),
        call_(std::move(call)),
        energies_(query_count),
        done_(std::move(done)) {}

  const Call& call() const override { return call_; }
  std::unique_ptr<Flight> MakeFlight(int64_t b) override {
    return std::make_unique<EnergyFlight>(&call_.dynamics, state(b), &energies_[b]);
  }

 protected:
  void Succeed() override { done_(EnergyResult{bank(), std::move(energies_)}); }
  void AnswerWith(const absl::Status& status) override { done_(status); }

 private:
  const Call call_;
  std::vector<StateEnergy> energies_;
  const EnergyDone done_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_PENDING_CALL_H_
