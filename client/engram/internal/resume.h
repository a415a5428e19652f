#ifndef ENGRAM_CLIENT_INTERNAL_RESUME_H_
#define ENGRAM_CLIENT_INTERNAL_RESUME_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace engram::internal {

// How long the server asks to wait before a stream that ended with `status` is taken up again where it
// stopped; none: it is not to be taken up again. That is for UNAVAILABLE, where 0 means that the server says
// nothing, and for RESOURCE_EXHAUSTED with a RetryInfo: without one, waiting does not help.
std::optional<absl::Duration> FindResumeDelay(const absl::Status& status);

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_RESUME_H_
