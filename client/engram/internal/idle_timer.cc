#include "engram/internal/idle_timer.h"

#include <utility>

#include "absl/time/clock.h"

namespace engram::internal {

IdleTimer::IdleTimer(absl::Duration timeout, std::function<void()> on_idle)
    : timeout_(timeout), on_idle_(std::move(on_idle)) {
  if (timeout_ < absl::InfiniteDuration()) thread_ = std::thread([this] { Run(); });
}

IdleTimer::~IdleTimer() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    is_done_ = true;
  }
  thread_.join();
}

void IdleTimer::Change(int waiting) {
  if (timeout_ == absl::InfiniteDuration()) return;
  absl::MutexLock lock(&mutex_);
  waiting_ += waiting;
  ++changes_;
  last_change_ = absl::Now();
}

void IdleTimer::Run() {
  absl::MutexLock lock(&mutex_);
  while (!is_done_) {
    const absl::Time deadline = waiting_ > 0 ? last_change_ + timeout_ : absl::InfiniteFuture();
    if (absl::Now() >= deadline) {
      has_fired_ = true;
      on_idle_();
      return;
    }
    const int64_t seen = changes_;
    const auto has_news = [this, seen]()
                              ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return is_done_ || changes_ != seen; };
    mutex_.AwaitWithDeadline(absl::Condition(&has_news), deadline);
  }
}

}  // namespace engram::internal
