#include "server/message_fits.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

absl::Status CheckMessageFits(int64_t bytes, const Limits& limits) {
  if (bytes <= limits.max_message_bytes) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "MESSAGE_TOO_LARGE";
  details.metadata = {{"got", absl::StrCat(bytes)}, {"allowed", absl::StrCat(limits.max_message_bytes)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the response would take ", bytes, " bytes, allowed ", limits.max_message_bytes,
                   "; ask for less, or raise --max-message-bytes on both sides"));
}

}  // namespace engram
