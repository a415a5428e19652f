#ifndef ENGRAM_CLIENT_INTERNAL_BACKOFF_H_
#define ENGRAM_CLIENT_INTERNAL_BACKOFF_H_

#include "absl/time/time.h"
#include "engram/retry.h"

namespace engram::internal {

// Counts tries in a row without progress.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : options_(options), delay_(options.initial_backoff) {}

  // The try that is under way made progress: it counts as the first.
  void Reset();

  // Whether another try is due. If so, waits until it is, `least` or longer.
  bool WaitForNextTry(absl::Duration least);

 private:
  const RetryOptions options_;
  int attempts_ = 1;
  absl::Duration delay_;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_BACKOFF_H_
