#include "engram/internal/resume.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "engram/v1/error.pb.h"

namespace engram::internal {
namespace {

constexpr char kRetryInfo[] = "type.googleapis.com/google.rpc.RetryInfo";

std::optional<absl::Duration> FindRetryInfo(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfo);
  v1::RetryInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  const absl::Duration delay =
      absl::Seconds(info.retry_delay().seconds()) + absl::Nanoseconds(info.retry_delay().nanos());
  return std::max(delay, absl::ZeroDuration());
}

}  // namespace

std::optional<absl::Duration> FindResumeDelay(const absl::Status& status) {
  if (absl::IsUnavailable(status)) return FindRetryInfo(status).value_or(absl::ZeroDuration());
  if (absl::IsResourceExhausted(status)) return FindRetryInfo(status);
  return std::nullopt;
}

}  // namespace engram::internal
