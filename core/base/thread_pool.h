#ifndef ENGRAM_CORE_BASE_THREAD_POOL_H_
#define ENGRAM_CORE_BASE_THREAD_POOL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/base/mutex.h"

namespace engram {

// A fixed number of threads that run tasks in the order they were scheduled, loops first. Thread-safe. A pool
// without threads has ParallelFor run on the caller alone.
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
  void ParallelFor(int64_t count, absl::FunctionRef<void(int64_t)> body) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Loop;

  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  void Unlink(const Loop* loop) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Helps with the loop that is next, until it has no index left.
  void Help() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar wake_;
  CondVar helped_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  Loop* loops_ ABSL_GUARDED_BY(mutex_) = nullptr;  // That want help, the oldest first.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Constant after construction.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_THREAD_POOL_H_
