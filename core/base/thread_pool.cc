#include "core/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <utility>

namespace engram {

// One ParallelFor, on its caller's stack: in the list while it wants helpers.
struct ThreadPool::Loop {
  // Takes indices until none is left.
  void Run() {
    for (int64_t i = next_index.fetch_add(1); i < count; i = next_index.fetch_add(1)) body(i);
  }

  const int64_t count;
  const absl::FunctionRef<void(int64_t)> body;
  std::atomic<int64_t> next_index{0};
  // Guarded by the pool's mutex.
  int64_t wanted = 0;   // Helpers that may still join.
  int64_t helpers = 0;  // Those that have joined and not left.
  Loop* next = nullptr;
};

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

void ThreadPool::ParallelFor(int64_t count, absl::FunctionRef<void(int64_t)> body) {
  if (count <= 0) return;
  Loop loop{count, body};
  loop.wanted = std::min<int64_t>(thread_count(), count - 1);
  const int64_t wanted = loop.wanted;
  if (wanted > 0) {
    MutexLock lock(&mutex_);
    Loop** last = &loops_;
    while (*last != nullptr) last = &(*last)->next;
    *last = &loop;
  }
  for (int64_t i = 0; i < wanted; ++i) wake_.NotifyOne();
  loop.Run();
  if (wanted == 0) return;
  MutexLock lock(&mutex_);
  if (loop.wanted > 0) Unlink(&loop);
  while (loop.helpers > 0) helped_.Wait(&mutex_);
}

void ThreadPool::Unlink(const Loop* loop) {
  Loop** link = &loops_;
  while (*link != loop) link = &(*link)->next;
  *link = loop->next;
}

void ThreadPool::Help() {
  Loop* const loop = loops_;
  ++loop->helpers;
  if (--loop->wanted == 0) loops_ = loop->next;
  mutex_.Unlock();
  loop->Run();
  mutex_.Lock();
  if (--loop->helpers == 0) helped_.NotifyAll();
}

void ThreadPool::Work() {
  MutexLock lock(&mutex_);
  while (true) {
    if (loops_ != nullptr) {
      Help();
    } else if (!tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      mutex_.Unlock();
      task();
      task = nullptr;
      mutex_.Lock();
    } else if (stopping_) {
      return;
    } else {
      wake_.Wait(&mutex_);
    }
  }
}

}  // namespace engram
