#include "engram/internal/grpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engram/v1/error.pb.h"

namespace engram::internal {

absl::Status ToStatus(const grpc::Status& status, const ConnectionOptions& options) {
  if (status.ok()) return absl::OkStatus();
  std::string text = status.error_message();
  if (absl::StrContains(text, "larger than max")) {
    absl::StrAppend(&text, "; the message limit is ", options.max_message_bytes,
                    " bytes here and --max-message-bytes at the server: send or ask for less, or raise both");
  } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    absl::StrAppend(&text, " (server ", options.target, ")");
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), text);  // The same numbers.
  v1::ErrorStatus details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& any : details.details()) {
      result.SetPayload(any.type_url(), absl::Cord(any.value()));
    }
  }
  return result;
}

absl::Status IdleError(const ConnectionOptions& options) {
  return absl::DeadlineExceededError(absl::StrCat("nothing came for ", absl::FormatDuration(options.timeout),
                                                  " (server ", options.target, ")"));
}

}  // namespace engram::internal
