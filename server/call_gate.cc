#include "server/call_gate.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/error.h"

namespace engram {
namespace {

// About what it takes to serve a few large requests.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

absl::Status ShuttingDown() {
  ErrorDetails details;
  details.reason = "SHUTTING_DOWN";
  return MakeError(absl::StatusCode::kUnavailable, details,
                   "the server is shutting down; retry elsewhere or later");
}

}  // namespace

absl::Status CallGate::Enter(int64_t bytes) {
  MutexLock lock(&mutex_);
  if (closed_) return ShuttingDown();
  if (inside_ > 0 && bytes > max_bytes_ - bytes_inside_) {
    ErrorDetails details;
    details.reason = "TOO_MANY_BYTES";
    details.metadata = {{"asked", absl::StrCat(bytes)},
                        {"free", absl::StrCat(max_bytes_ - bytes_inside_)},
                        {"limit", absl::StrCat(max_bytes_)}};
    details.retry_delay = kRetryDelay;
    return MakeError(
        absl::StatusCode::kResourceExhausted, details,
        absl::StrCat("requests under way: asked ", bytes, " bytes, free ", max_bytes_ - bytes_inside_,
                     ", limit ", max_bytes_, "; retry after ", absl::FormatDuration(kRetryDelay)));
  }
  ++inside_;
  bytes_inside_ += bytes;
  return absl::OkStatus();
}

void CallGate::Leave(int64_t bytes) {
  MutexLock lock(&mutex_);
  --inside_;
  bytes_inside_ -= bytes;
  if (inside_ == 0) changed_.NotifyAll();
}

absl::Status CallGate::CheckOpen() const {
  MutexLock lock(&mutex_);
  return closed_ ? ShuttingDown() : absl::OkStatus();
}

int64_t CallGate::CloseAndWait(absl::Duration grace) {
  const absl::Time deadline = absl::Now() + grace;
  MutexLock lock(&mutex_);
  closed_ = true;
  while (inside_ > 0 && absl::Now() < deadline) changed_.WaitUntil(&mutex_, deadline);
  return inside_;
}

}  // namespace engram
