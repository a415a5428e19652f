#include "core/base/error.h"

#include <cassert>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram {
namespace {

constexpr char kPayloadType[] = "engram/error-details";

// One escaped string a line, so that no value can break the format: reason, field, delay, then pairs.
std::string Encode(const ErrorDetails& details) {
  std::string text = absl::StrCat(absl::CEscape(details.reason), "\n", absl::CEscape(details.field), "\n",
                                  absl::ToInt64Microseconds(details.retry_delay));
  for (const auto& [key, value] : details.metadata) {
    absl::StrAppend(&text, "\n", absl::CEscape(key), "\n", absl::CEscape(value));
  }
  return text;
}

std::string Unescape(absl::string_view text) {
  std::string value;
  absl::CUnescape(text, &value);
  return value;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, const ErrorDetails& details, absl::string_view message) {
  assert(code != absl::StatusCode::kOk);
  absl::Status status(code, message);
  status.SetPayload(kPayloadType, absl::Cord(Encode(details)));
  return status;
}

absl::Status InvalidField(absl::string_view field, absl::string_view got, absl::string_view allowed) {
  ErrorDetails details;
  details.reason = "FIELD_INVALID";
  details.field = std::string(field);
  details.metadata = {{"got", std::string(got)}, {"allowed", std::string(allowed)}};
  return MakeError(absl::StatusCode::kInvalidArgument, details,
                   absl::StrCat(field, ": got ", got, ", allowed ", allowed));
}

absl::Status Within(absl::string_view parent, const absl::Status& status) {
  std::optional<ErrorDetails> details = FindErrorDetails(status);
  if (!details.has_value() || details->field.empty()) return status;
  details->field = absl::StrCat(parent, ".", details->field);
  const bool names_field = status.code() == absl::StatusCode::kInvalidArgument;
  return MakeError(status.code(), *details,
                   names_field ? absl::StrCat(parent, ".", status.message()) : std::string(status.message()));
}

absl::Status Clone(const absl::Status& status) {
  absl::Status clone(status.code(), status.message());
  status.ForEachPayload([&clone](absl::string_view type, const absl::Cord& payload) {
    clone.SetPayload(type, absl::Cord(std::string(payload)));
  });
  return clone;
}

std::optional<ErrorDetails> FindErrorDetails(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadType);
  if (!payload.has_value()) return std::nullopt;
  const std::string text(*payload);
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() < 3) return std::nullopt;
  ErrorDetails details;
  details.reason = Unescape(lines[0]);
  details.field = Unescape(lines[1]);
  int64_t delay_microseconds = 0;
  if (absl::SimpleAtoi(lines[2], &delay_microseconds)) {
    details.retry_delay = absl::Microseconds(delay_microseconds);
  }
  for (size_t i = 3; i + 1 < lines.size(); i += 2) {
    details.metadata.emplace_back(Unescape(lines[i]), Unescape(lines[i + 1]));
  }
  return details;
}

}  // namespace engram
