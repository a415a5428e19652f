#ifndef ENGRAM_CORE_ENGINE_ADMISSION_H_
#define ENGRAM_CORE_ENGINE_ADMISSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace engram {

// Counts the queries that an engine has taken on, and lets in no more than it has room for. Thread-safe.
class Admission {
 public:
  // Room for `capacity` queries, of which a sweep serves at most `max_batch`.
  Admission(int64_t capacity, int64_t max_batch) : capacity_(capacity), max_batch_(max_batch) {}

  // Takes on `queries`. RESOURCE_EXHAUSTED: there is no room; retry after the delay in the details.
  // UNAVAILABLE: closed.
  absl::Status Enter(int64_t queries) ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes room, before the answer leaves: its receiver may ask at once again.
  void FreeRoom(int64_t queries) ABSL_LOCKS_EXCLUDED(mutex_);
  // The answers to `queries`, whose room is free, have left.
  void Leave(int64_t queries) ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets nobody in from now on, and returns when all have left.
  void CloseAndWait() ABSL_LOCKS_EXCLUDED(mutex_);

  // How long the latest sweep took, for the delay.
  void NoteSweep(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);

  // Queries that take up room.
  int64_t queued() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Full(int64_t asked) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t capacity_;
  const int64_t max_batch_;
  mutable Mutex mutex_;
  CondVar all_left_;
  int64_t queued_ ABSL_GUARDED_BY(mutex_) = 0;      // Not answered yet.
  int64_t unfinished_ ABSL_GUARDED_BY(mutex_) = 0;  // Those, and queries whose answer is under way.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration last_sweep_ ABSL_GUARDED_BY(mutex_) = absl::Milliseconds(1);
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ADMISSION_H_
