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

// Whether `text` is UTF-8 without the control characters U+0080 to U+009F, which a terminal may obey.
bool IsSafeUtf8(const std::string& text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return IsUtf8(text);
}

// The beginning of `text`, cut between characters if it is UTF-8.
std::string Shortened(const std::string& text) {
  size_t end = std::min(text.size(), kShownPayloadBytes);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
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
  const std::string shown = Shortened(payload);
  return absl::StrCat("\"", IsSafeUtf8(shown) ? absl::Utf8SafeCHexEscape(shown) : absl::CHexEscape(shown),
                      shown.size() < payload.size() ? "..." : "", "\"");
}

void SetPayload(const std::string& payload, Json* json) {
  if (payload.empty()) return;
  if (IsUtf8(payload)) {
    (*json)["payload"] = payload;
  } else {
    (*json)["payload_base64"] = absl::Base64Escape(payload);
  }
}

Json PatternJson(uint64_t id, absl::Span<const float> pattern, absl::Span<const float> value,
                 const std::string& payload) {
  Json json = {{"id", id}};
  if (!pattern.empty()) json["pattern"] = NumbersJson(pattern);
  if (!value.empty()) json["value"] = NumbersJson(value);
  SetPayload(payload, &json);
  return json;
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
    json.push_back(PatternJson(response.ids(i), patterns.row(i),
                               values.count() > 0 ? values.row(i) : absl::Span<const float>(),
                               PayloadAt(response, i)));
  }
  return json;
}

}  // namespace engram::cli
