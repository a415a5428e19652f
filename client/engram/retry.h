#ifndef ENGRAM_CLIENT_RETRY_H_
#define ENGRAM_CLIENT_RETRY_H_

#include "absl/time/time.h"

namespace engram {

// How a stream that broke off because the server was UNAVAILABLE, or RESOURCE_EXHAUSTED with a delay after
// which to retry, is taken up again where it stopped.
struct RetryOptions {
  // Tries in a row that bring nothing new, the first included. 1: a stream that breaks off stays so.
  int max_attempts = 5;
  // Delay before the second of them; it doubles with each, up to max_backoff. Longer if the server says so.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(2);
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_RETRY_H_
