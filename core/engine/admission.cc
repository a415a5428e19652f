#include "core/engine/admission.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/engine/sweep_plan.h"

namespace engram {

absl::Status Admission::Enter(int64_t queries) {
  MutexLock lock(&mutex_);
  if (closed_) {
    ErrorDetails details;
    details.reason = "SHUTTING_DOWN";
    return MakeError(absl::StatusCode::kUnavailable, details, "the server is shutting down");
  }
  if (queued_ + queries > capacity_) return Full(queries);
  queued_ += queries;
  unfinished_ += queries;
  return absl::OkStatus();
}

absl::Status Admission::Full(int64_t asked) const {
  ErrorDetails details;
  details.reason = "QUEUE_FULL";
  details.metadata = {{"asked", absl::StrCat(asked)},
                      {"free", absl::StrCat(capacity_ - queued_)},
                      {"limit", absl::StrCat(capacity_)}};
  details.retry_delay = RetryDelay(queued_, max_batch_, last_sweep_);
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the queue is full: asked room for ", asked, " queries, free ", capacity_ - queued_,
                   ", limit ", capacity_, "; retry after ", absl::FormatDuration(details.retry_delay)));
}

void Admission::FreeRoom(int64_t queries) {
  MutexLock lock(&mutex_);
  queued_ -= queries;
}

void Admission::Leave(int64_t queries) {
  MutexLock lock(&mutex_);
  unfinished_ -= queries;
  if (unfinished_ == 0) all_left_.NotifyAll();
}

void Admission::CloseAndWait() {
  MutexLock lock(&mutex_);
  closed_ = true;
  while (unfinished_ > 0) all_left_.Wait(&mutex_);
}

void Admission::NoteSweep(absl::Duration duration) {
  MutexLock lock(&mutex_);
  last_sweep_ = duration;
}

int64_t Admission::queued() const {
  MutexLock lock(&mutex_);
  return queued_;
}

}  // namespace engram
