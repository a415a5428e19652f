#include "engram/internal/backoff.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace engram::internal {

void Backoff::Reset() {
  attempts_ = 1;
  delay_ = options_.initial_backoff;
}

bool Backoff::WaitForNextTry(absl::Duration least) {
  if (attempts_ >= options_.max_attempts) return false;
  ++attempts_;
  absl::SleepFor(std::max(least, std::min(delay_, options_.max_backoff)));
  delay_ = std::min(2 * delay_, options_.max_backoff);
  return true;
}

}  // namespace engram::internal
