#include "core/engine/call.h"

#include "core/base/error.h"

namespace engram {

absl::Status CallCancelled() {
  ErrorDetails details;
  details.reason = "CANCELLED";
  return MakeError(absl::StatusCode::kCancelled, details, "the caller cancelled the call");
}

absl::Status CallExpired() {
  ErrorDetails details;
  details.reason = "DEADLINE";
  return MakeError(absl::StatusCode::kDeadlineExceeded, details, "the call's deadline passed");
}

}  // namespace engram
