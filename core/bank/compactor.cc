#include "core/bank/compactor.h"

#include <utility>

#include "core/bank/memory_bank.h"

namespace engram {

Compactor::Compactor(bool has_thread) {
  if (has_thread) thread_ = std::thread([this] { Work(); });
}

Compactor::~Compactor() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Compactor::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.NotifyAll();
}

void Compactor::Schedule(std::weak_ptr<MemoryBank> bank) {
  MutexLock lock(&mutex_);
  pending_.push_back(std::move(bank));
  changed_.NotifyAll();
}

void Compactor::RunPending() {
  MutexLock lock(&mutex_);
  while (!pending_.empty() || running_ > 0) {
    if (pending_.empty()) {
      changed_.Wait(&mutex_);
    } else {
      RunOne();
    }
  }
}

void Compactor::Work() {
  MutexLock lock(&mutex_);
  while (!stopping_) {
    if (pending_.empty()) {
      changed_.Wait(&mutex_);
    } else {
      RunOne();
    }
  }
}

void Compactor::RunOne() {
  const std::weak_ptr<MemoryBank> next = std::move(pending_.front());
  pending_.pop_front();
  ++running_;
  mutex_.Unlock();
  if (const std::shared_ptr<MemoryBank> bank = next.lock()) {
    bank->Compact([this] { return stopping_.load(); });
  }
  mutex_.Lock();
  --running_;
  changed_.NotifyAll();
}

}  // namespace engram
