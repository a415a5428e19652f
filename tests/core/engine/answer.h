#ifndef ENGRAM_TESTS_CORE_ENGINE_ANSWER_H_
#define ENGRAM_TESTS_CORE_ENGINE_ANSWER_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/engine/engine.h"

namespace engram {

// Takes the answer to a call of the engine, and how often it came. Thread-safe; outlives the call.
template <typename Result>
class Answer {
 public:
  std::function<void(absl::StatusOr<Result>)> Taker() {
    return [this](absl::StatusOr<Result> result) {
      MutexLock lock(&mutex_);
      ++times_;
      result_ = std::move(result);
      changed_.NotifyAll();
    };
  }
  // Waits for it.
  absl::StatusOr<Result> Await() {
    MutexLock lock(&mutex_);
    while (times_ == 0) changed_.Wait(&mutex_);
    return *result_;
  }
  int times() {
    MutexLock lock(&mutex_);
    return times_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int times_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::StatusOr<Result>> result_ ABSL_GUARDED_BY(mutex_);
};

// Submits a call and waits for its answer.
inline absl::StatusOr<RetrieveResult> RetrieveAndWait(Engine* engine, BankSnapshot bank, RetrieveCall call) {
  Answer<RetrieveResult> answer;
  const absl::Status status = engine->Retrieve(std::move(bank), std::move(call), answer.Taker());
  if (!status.ok()) return status;
  return answer.Await();
}
inline absl::StatusOr<EnergyResult> EnergyAndWait(Engine* engine, BankSnapshot bank, Call call) {
  Answer<EnergyResult> answer;
  const absl::Status status = engine->Energy(std::move(bank), std::move(call), answer.Taker());
  if (!status.ok()) return status;
  return answer.Await();
}
inline absl::StatusOr<DifferentiateResult> DifferentiateAndWait(Engine* engine, BankSnapshot bank,
                                                                DifferentiateCall call) {
  Answer<DifferentiateResult> answer;
  const absl::Status status = engine->Differentiate(std::move(bank), std::move(call), answer.Taker());
  if (!status.ok()) return status;
  return answer.Await();
}
inline absl::StatusOr<Memory> RecallAndWait(Engine* engine, const std::shared_ptr<Recall>& recall) {
  Answer<Memory> answer;
  RecallCall call;
  call.recall = recall;
  const absl::Status status = engine->Recall(std::move(call), answer.Taker());
  if (!status.ok()) return status;
  return answer.Await();
}
// Of the patterns [begin, end) in id order.
inline absl::StatusOr<SeparateResult> SeparateAndWait(Engine* engine, BankSnapshot bank, int64_t begin,
                                                      int64_t end) {
  Answer<SeparateResult> answer;
  SeparateCall call;
  call.begin = begin;
  call.end = end;
  const absl::Status status = engine->Separate(std::move(bank), std::move(call), answer.Taker());
  if (!status.ok()) return status;
  return answer.Await();
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_ANSWER_H_
