#ifndef ENGRAM_CORE_BASE_THREAD_POOL_H_
#define ENGRAM_CORE_BASE_THREAD_POOL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace engram {

// A fixed number of threads that run tasks in the order they were scheduled. Thread-safe. A pool without
// threads has ParallelFor run on the caller alone.
class ThreadPool {
 public:
  // REQUIRES: thread_count >= 0.
  explicit ThreadPool(int thread_count);
  // Runs what was scheduled, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int thread_count() const { return static_cast<int>(threads_.size()); }

  // Returns at once; `task` runs on one of the threads. REQUIRES: thread_count() >= 1.
  void Schedule(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Runs body(i) for each i in [0, count), on the pool's threads and on the caller's, and returns when
  // all are done. Which thread runs which i is not determined, so body(i) may write only what belongs to i.
  // REQUIRES: not called from one of the pool's own threads.
  void ParallelFor(int64_t count, const std::function<void(int64_t)>& body) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Constant after construction.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_THREAD_POOL_H_
