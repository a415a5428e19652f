#ifndef ENGRAM_CORE_BANK_COMPACTOR_H_
#define ENGRAM_CORE_BANK_COMPACTOR_H_

#include <atomic>
#include <deque>
#include <memory>
#include <thread>

#include "core/base/mutex.h"

namespace engram {

class MemoryBank;

// Compacts banks that ask for it, one after another, on a thread of its own. Thread-safe.
class Compactor {
 public:
  // Without a thread, banks are compacted by RunPending alone.
  explicit Compactor(bool has_thread);
  // Stops.
  ~Compactor();
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

  // Compacts `bank` some time later, if it still exists. Returns at once.
  void Schedule(std::weak_ptr<MemoryBank> bank) ABSL_LOCKS_EXCLUDED(mutex_);
  // Compacts on the calling thread what waits, and returns when nothing waits or is being compacted.
  void RunPending() ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends in the middle of a compaction, which then has changed nothing; what waits is dropped. From now on
  // banks compact themselves no more either.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  bool stopping() const { return stopping_.load(); }

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  // Compacts the first of pending_, without the lock.
  void RunOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::weak_ptr<MemoryBank>> pending_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> stopping_{false};  // Written under mutex_.
  std::thread thread_;                 // Constant after construction.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_COMPACTOR_H_
