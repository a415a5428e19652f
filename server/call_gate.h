#ifndef ENGRAM_SERVER_CALL_GATE_H_
#define ENGRAM_SERVER_CALL_GATE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace engram {

// Counts the calls inside, and lets no more in once closed. Thread-safe.
class CallGate {
 public:
  // Whether the call may go on; if so, Leave() must follow.
  bool Enter() ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave() ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets nobody in from now on, and waits for those inside, at most `grace`. Returns how many still are.
  int64_t CloseAndWait(absl::Duration grace) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Mutex mutex_;
  CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_CALL_GATE_H_
