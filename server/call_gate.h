#ifndef ENGRAM_SERVER_CALL_GATE_H_
#define ENGRAM_SERVER_CALL_GATE_H_

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace engram {

// Counts the calls inside and the bytes of their requests, and lets no more in once closed. Thread-safe.
class CallGate {
 public:
  // Requests inside may take up `max_bytes` together; a single one may be larger.
  explicit CallGate(int64_t max_bytes = std::numeric_limits<int64_t>::max()) : max_bytes_(max_bytes) {}

  // Lets a call with a request of `bytes` in; if OK, Leave(bytes) must follow.
  // UNAVAILABLE: the gate is closed. RESOURCE_EXHAUSTED: the requests inside take up too much; retry after
  // the delay in the details.
  absl::Status Enter(int64_t bytes = 0) ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave(int64_t bytes = 0) ABSL_LOCKS_EXCLUDED(mutex_);

  // UNAVAILABLE: the gate is closed; who is inside for long should leave.
  absl::Status CheckOpen() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets nobody in from now on, and waits for those inside, at most `grace`. Returns how many still are.
  int64_t CloseAndWait(absl::Duration grace) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const int64_t max_bytes_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t inside_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_CALL_GATE_H_
