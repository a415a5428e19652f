#ifndef ENGRAM_CORE_BANK_WRITE_QUEUE_H_
#define ENGRAM_CORE_BANK_WRITE_QUEUE_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "core/base/mutex.h"

namespace engram {

// How long the leader of `waiting` writes waits for more of `crowd`, the writers that were there when the
// last group ended, which took `last_duration`: most of them are about to come back. Otherwise the first of
// them would lead itself alone, and all others wait for two groups.
inline absl::Duration LingerFor(size_t waiting, size_t crowd, absl::Duration last_duration) {
  // Less than it takes to wake them is no use, more than this no gain.
  constexpr absl::Duration kLeast = absl::Microseconds(200);
  constexpr absl::Duration kMost = absl::Milliseconds(1);
  if (waiting >= crowd || last_duration < kLeast) return absl::ZeroDuration();
  return std::min(last_duration / 8, kMost);
}

// Where threads wait for their turn to write. The one whose write is the oldest leads: it does its own and
// those behind it that can go together with it, while more come; so the writers of a slow medium share its
// cost without a thread of their own. First come, first served. Thread-safe.
template <typename Write>
class WriteQueue {
 public:
  // Does the first of `writes`, the oldest first; returns how many, at least one. The rest wait for their
  // turn. Called by one thread at a time, without a lock.
  using Lead = std::function<size_t(absl::Span<Write* const> writes)>;

  // `lead` gets up to `max_group` writes at a time. REQUIRES: max_group >= 1.
  WriteQueue(size_t max_group, Lead lead) : max_group_(max_group), lead_(std::move(lead)) {}
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Returns when `write` was done, by this thread or by one that led it.
  void Run(Write* write) ABSL_LOCKS_EXCLUDED(mutex_) {
    Waiter self{write};
    mutex_.Lock();
    waiters_.push_back(&self);
    if (waiters_.size() == crowd_) crowd_is_back_.notify_one();
    while (!self.is_done && waiters_.front() != &self) self.turn.Wait(&mutex_);
    if (!self.is_done) {
      Linger();
      const std::vector<Write*> group = Oldest();
      const Clock::time_point begin = Clock::now();
      mutex_.Unlock();
      const size_t done = lead_(group);
      mutex_.Lock();
      last_duration_ = absl::FromChrono(Clock::now() - begin);
      crowd_ = std::min(waiters_.size(), max_group_);
      Finish(done);
    }
    mutex_.Unlock();
  }

  // Writes that wait or are being done.
  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return waiters_.size();
  }

 private:
  // Does not jump when somebody sets the time: a leader might linger for hours.
  using Clock = std::chrono::steady_clock;
  // A Mutex that the standard library can wait with.
  struct Lockable {
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Unlock(); }
    Mutex* mutex;
  };
  struct Waiter {
    Write* write;
    bool is_done = false;
    CondVar turn;  // It is done, or its turn to lead.
  };

  // Lets the writers of the last group come back.
  void Linger() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Duration linger = LingerFor(waiters_.size(), crowd_, last_duration_);
    if (linger <= absl::ZeroDuration()) return;
    const Clock::time_point end = Clock::now() + absl::ToChronoNanoseconds(linger);
    Lockable lockable{&mutex_};
    while (waiters_.size() < crowd_ && Clock::now() < end) crowd_is_back_.wait_until(lockable, end);
  }

  std::vector<Write*> Oldest() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Write*> group;
    group.reserve(std::min(waiters_.size(), max_group_));
    for (size_t i = 0; i < waiters_.size() && i < max_group_; ++i) group.push_back(waiters_[i]->write);
    return group;
  }

  // Sends the `count` oldest off and gives the next one the lead. All under the lock: a waiter that sees that
  // it is done takes its CondVar with it.
  void Finish(size_t count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (; count > 0; --count) {
      waiters_.front()->is_done = true;
      waiters_.front()->turn.NotifyOne();
      waiters_.pop_front();
    }
    if (!waiters_.empty()) waiters_.front()->turn.NotifyOne();
  }

  const size_t max_group_;
  const Lead lead_;
  mutable Mutex mutex_;
  std::condition_variable_any crowd_is_back_;  // Of as many as crowd_, for the leader who lingers.
  // The oldest first. The first one leads, and stays until its group is done.
  std::deque<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
  // Writers that were here when the last group ended, its own included, and how long it took.
  size_t crowd_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration last_duration_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_WRITE_QUEUE_H_
