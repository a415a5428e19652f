#include "client/cli/json_lines.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram::cli {
namespace {

using Json = nlohmann::json;

template <typename... Parts>
absl::Status LineError(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::StatusOr<Json> ParseLine(absl::string_view line) {
  try {
    return Json::parse(line.begin(), line.end());
  } catch (const Json::exception& error) {
    return LineError("not JSON: ", error.what());
  }
}

absl::Status AppendRow(absl::string_view key, const Json& json, Rows* rows) {
  if (!json.is_array() || json.empty())
    return LineError(key, ": expected an array of numbers, got ", json.type_name());
  const auto cols = static_cast<int64_t>(json.size());
  if (rows->cols == 0) rows->cols = cols;
  if (cols != rows->cols)
    return LineError(key, ": got ", cols, " numbers, the lines before have ", rows->cols);
  for (const Json& number : json) {
    if (!number.is_number()) return LineError(key, ": expected numbers, got ", number.type_name());
    rows->values.push_back(static_cast<float>(number.get<double>()));
  }
  return absl::OkStatus();
}

absl::Status AppendId(const Json& json, PatternSet* set) {
  constexpr auto kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!json.is_number_unsigned() || json.get<uint64_t>() > kLargest) {
    return LineError("id: expected an integer in [0, 2^63), got ",
                     json.dump(-1, ' ', true, Json::error_handler_t::replace));
  }
  set->ids.push_back(json.get<uint64_t>());
  return absl::OkStatus();
}

absl::Status AppendPayload(absl::string_view key, const Json& json, PatternSet* set) {
  if (!json.is_string()) return LineError(key, ": expected a string, got ", json.type_name());
  std::string payload = json.get<std::string>();
  if (key == "payload_base64" && !absl::Base64Unescape(json.get<std::string>(), &payload)) {
    return LineError(key, ": the text is not base64");
  }
  set->payloads.push_back(std::move(payload));
  return absl::OkStatus();
}

absl::Status AppendObject(const Json& json, PatternSet* set) {
  for (const auto& [key, value] : json.items()) {
    absl::Status status;
    if (key == "pattern" || key == "value") {
      status = AppendRow(key, value, key == "pattern" ? &set->patterns : &set->values);
    } else if (key == "id") {
      status = AppendId(value, set);
    } else if (key == "payload" || key == "payload_base64") {
      status = AppendPayload(key, value, set);
    } else {
      status = LineError("got key '", absl::Utf8SafeCEscape(key),
                         "', allowed are pattern, id, value, payload and payload_base64");
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// `count` lines have been read; each key must have come with all of them or with none.
absl::Status ValidateCounts(const PatternSet& set, int64_t count) {
  if (set.patterns.count() != count) return LineError("pattern: missing");
  const auto complete = [count](size_t got) { return got == 0 || got == static_cast<size_t>(count); };
  constexpr absl::string_view kProblem = ": must be in every line or in none, and once";
  if (!complete(static_cast<size_t>(set.values.count()))) return LineError("value", kProblem);
  if (!complete(set.ids.size())) return LineError("id", kProblem);
  if (!complete(set.payloads.size())) return LineError("payload", kProblem);
  return absl::OkStatus();
}

absl::Status AppendLine(absl::string_view line, PatternSet* set) {
  const absl::StatusOr<Json> json = ParseLine(line);
  if (!json.ok()) return json.status();
  if (json->is_array()) return AppendRow("pattern", *json, &set->patterns);
  if (json->is_object()) return AppendObject(*json, set);
  return LineError("expected an array of numbers or an object, got ", json->type_name());
}

}  // namespace

absl::StatusOr<PatternSet> ParseJsonLines(absl::string_view contents) {
  PatternSet set;
  int64_t line_number = 0;
  int64_t count = 0;
  for (absl::string_view line : absl::StrSplit(contents, '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    absl::Status status = AppendLine(line, &set);
    if (status.ok()) status = ValidateCounts(set, ++count);
    if (!status.ok()) return LineError("line ", line_number, ": ", status.message());
  }
  if (count == 0) return LineError("there are no patterns");
  return set;
}

}  // namespace engram::cli
