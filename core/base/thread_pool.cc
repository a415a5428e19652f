#include "core/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <memory>
#include <utility>

namespace engram {
namespace {

// One ParallelFor: who takes the next index, and how many indices are done.
class Loop {
 public:
  Loop(int64_t count, const std::function<void(int64_t)>& body) : count_(count), body_(body) {}

  // Takes indices until none is left. The caller's `body` outlives every index that was taken, but
  // not a helper that comes too late to take one.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
    int64_t finished = 0;
    for (int64_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) {
      body_(i);
      ++finished;
    }
    if (finished == 0) return;
    MutexLock lock(&mutex_);
    done_ += finished;
    if (done_ == count_) all_done_.NotifyAll();
  }

  void WaitUntilDone() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    while (done_ < count_) all_done_.Wait(&mutex_);
  }

 private:
  const int64_t count_;
  const std::function<void(int64_t)>& body_;
  std::atomic<int64_t> next_{0};
  Mutex mutex_;
  CondVar all_done_;
  int64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

ThreadPool::ThreadPool(int thread_count) {
  assert(thread_count >= 0);
  threads_.reserve(thread_count);
  for (int i = 0; i < thread_count; ++i) threads_.emplace_back([this] { Work(); });
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Schedule(std::function<void()> task) {
  assert(thread_count() >= 1);
  {
    MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.NotifyOne();
}

void ThreadPool::ParallelFor(int64_t count, const std::function<void(int64_t)>& body) {
  if (count <= 0) return;
  const auto loop = std::make_shared<Loop>(count, body);
  const int64_t helpers = std::min<int64_t>(thread_count(), count - 1);
  for (int64_t i = 0; i < helpers; ++i) {
    Schedule([loop] { loop->Run(); });
  }
  loop->Run();
  loop->WaitUntilDone();
}

void ThreadPool::Work() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      while (tasks_.empty() && !stopping_) wake_.Wait(&mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace engram
