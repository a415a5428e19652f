#ifndef ENGRAM_CORE_BASE_ERROR_H_
#define ENGRAM_CORE_BASE_ERROR_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace engram {

// The machine-readable part of an error, carried by an absl::Status; the server turns it into
// google.rpc.ErrorInfo, BadRequest and RetryInfo.
struct ErrorDetails {
  // Constant in UPPER_SNAKE_CASE, listed in docs/errors.md.
  std::string reason;
  // Path of the request's field at fault, such as "queries.cols"; empty: none is.
  std::string field;
  // Values that belong to the reason, such as "got" and "allowed".
  std::vector<std::pair<std::string, std::string>> metadata;
  // Retry no sooner than this; zero: no advice.
  absl::Duration retry_delay = absl::ZeroDuration();
};

// A status with `message` for people and `details` for programs.
// REQUIRES: code is not kOk.
absl::Status MakeError(absl::StatusCode code, const ErrorDetails& details, absl::string_view message);

// INVALID_ARGUMENT "FIELD: got GOT, allowed ALLOWED".
absl::Status InvalidField(absl::string_view field, absl::string_view got, absl::string_view allowed);

// An error about a field of `parent`: puts "PARENT." before the field and before the text, which begin alike.
// Any other status comes back as it is.
absl::Status Within(absl::string_view parent, const absl::Status& status);

// `status` in memory of its own, for another thread: copies share memory that the thread sanitizer cannot see
// freed in order, as absl counts them in a library that it cannot see into.
absl::Status Clone(const absl::Status& status);

// The details of `status`; nullopt if it was not made by one of the functions above.
std::optional<ErrorDetails> FindErrorDetails(const absl::Status& status);

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_ERROR_H_
