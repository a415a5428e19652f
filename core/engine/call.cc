#include "core/engine/call.h"

#include "absl/strings/str_cat.h"
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

absl::Status AtQuery(int64_t b, const absl::Status& status) {
  std::optional<ErrorDetails> details = FindErrorDetails(status);
  if (!details.has_value()) return status;
  details->metadata.emplace_back("query", absl::StrCat(b));
  return MakeError(status.code(), *details, absl::StrCat(status.message(), " (query ", b, ")"));
}

}  // namespace engram
