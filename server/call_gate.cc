#include "server/call_gate.h"

#include "absl/time/clock.h"

namespace engram {

bool CallGate::Enter() {
  MutexLock lock(&mutex_);
  if (closed_) return false;
  ++inside_;
  return true;
}

void CallGate::Leave() {
  MutexLock lock(&mutex_);
  --inside_;
  if (inside_ == 0) changed_.NotifyAll();
}

int64_t CallGate::CloseAndWait(absl::Duration grace) {
  const absl::Time deadline = absl::Now() + grace;
  MutexLock lock(&mutex_);
  closed_ = true;
  while (inside_ > 0 && absl::Now() < deadline) changed_.WaitUntil(&mutex_, deadline);
  return inside_;
}

}  // namespace engram
