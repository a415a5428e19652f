#ifndef ENGRAM_CLIENT_INTERNAL_IDLE_TIMER_H_
#define ENGRAM_CLIENT_INTERNAL_IDLE_TIMER_H_

#include <cstdint>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace engram::internal {

// Calls a function, once, when somebody has been waiting for `timeout` and nothing happened: no wait began or
// ended. Nobody's waiting is no idleness. Thread-safe.
class IdleTimer {
 public:
  // `on_idle` is called in another thread; it does not wait, nor use the timer. With an infinite timeout
  // there is no thread.
  IdleTimer(absl::Duration timeout, std::function<void()> on_idle);
  // After this `on_idle` is not called.
  ~IdleTimer();

  IdleTimer(const IdleTimer&) = delete;
  IdleTimer& operator=(const IdleTimer&) = delete;

  // Somebody waits as long as this object lives.
  class Wait {
   public:
    explicit Wait(IdleTimer* timer) : timer_(timer) { timer_->Change(1); }
    ~Wait() { timer_->Change(-1); }

    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    IdleTimer* const timer_;
  };

  bool has_fired() const {
    absl::MutexLock lock(&mutex_);
    return has_fired_;
  }

 private:
  void Change(int waiting);
  void Run();

  const absl::Duration timeout_;
  const std::function<void()> on_idle_;
  mutable absl::Mutex mutex_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_change_ ABSL_GUARDED_BY(mutex_);
  bool is_done_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_fired_ ABSL_GUARDED_BY(mutex_) = false;
  // The last member: it uses the others.
  std::thread thread_;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_IDLE_TIMER_H_
