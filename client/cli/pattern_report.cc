#include "client/cli/pattern_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

constexpr size_t kShownNumbers = 6;
constexpr size_t kShownPayloadBytes = 60;

bool IsUtf8(const std::string& text) {
  try {
    Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

std::string PayloadAt(const v1::GetPatternsResponse& response, int index) {
  return index < response.payloads_size() ? response.payloads(index) : "";
}

}  // namespace

Json NumbersJson(absl::Span<const float> numbers) {
  Json json = Json::array();
  for (float number : numbers) json.push_back(ToShortDouble(number));
  return json;
}

std::string NumbersText(absl::Span<const float> numbers) {
  std::string text;
  for (float number : numbers.first(std::min(numbers.size(), kShownNumbers))) {
    absl::StrAppend(&text, text.empty() ? "" : " ", NumberText(number));
  }
  if (numbers.size() > kShownNumbers)
    absl::StrAppend(&text, " ... and ", numbers.size() - kShownNumbers, " more");
  return text;
}

std::string PayloadText(const std::string& payload) {
  if (payload.empty()) return "";
  const bool is_long = payload.size() > kShownPayloadBytes;
  return absl::StrCat("\"", absl::CHexEscape(payload.substr(0, kShownPayloadBytes)), is_long ? "..." : "",
                      "\"");
}

void SetPayload(const std::string& payload, Json* json) {
  if (payload.empty()) return;
  if (IsUtf8(payload)) {
    (*json)["payload"] = payload;
  } else {
    (*json)["payload_base64"] = absl::Base64Escape(payload);
  }
}

Table PatternTable(const v1::GetPatternsResponse& response, const Rows& patterns, const Rows& values) {
  const bool has_values = values.count() > 0;
  Table table(has_values ? std::vector<std::string>{"id", "payload", "pattern", "value"}
                         : std::vector<std::string>{"id", "payload", "pattern"});
  for (int i = 0; i < response.ids_size(); ++i) {
    std::vector<std::string> cells = {absl::StrCat(response.ids(i)), PayloadText(PayloadAt(response, i)),
                                      NumbersText(patterns.row(i))};
    if (has_values) cells.push_back(NumbersText(values.row(i)));
    table.AddRow(std::move(cells));
  }
  return table;
}

Json PatternsJson(const v1::GetPatternsResponse& response, const Rows& patterns, const Rows& values) {
  Json json = Json::array();
  for (int i = 0; i < response.ids_size(); ++i) {
    Json entry = {{"id", response.ids(i)}, {"pattern", NumbersJson(patterns.row(i))}};
    if (values.count() > 0) entry["value"] = NumbersJson(values.row(i));
    SetPayload(PayloadAt(response, i), &entry);
    json.push_back(std::move(entry));
  }
  return json;
}

}  // namespace engram::cli
