#include "client/cli/csv.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace engram::cli {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kShownBytes = 40;

char FindSeparator(absl::string_view line) {
  for (char separator : {',', ';', '\t'}) {
    if (line.find(separator) != absl::string_view::npos) return separator;
  }
  return ' ';
}

std::vector<absl::string_view> SplitFields(absl::string_view line, char separator) {
  if (separator == ' ') return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  std::vector<absl::string_view> fields = absl::StrSplit(line, separator);
  for (absl::string_view& field : fields) field = absl::StripAsciiWhitespace(field);
  return fields;
}

bool IsNumber(absl::string_view field) {
  float value = 0;
  return absl::SimpleAtof(field, &value);
}

absl::StatusOr<std::vector<float>> ParseFields(absl::Span<const absl::string_view> fields) {
  std::vector<float> numbers(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    if (absl::SimpleAtof(fields[i], &numbers[i])) continue;
    return absl::InvalidArgumentError(absl::StrCat("column ", i, " (counted from 0): got '",
                                                   absl::CHexEscape(fields[i].substr(0, kShownBytes)),
                                                   "', allowed are numbers"));
  }
  return numbers;
}

absl::Status AtLine(int64_t line, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("line ", line, ": ", status.message()));
}

absl::Status Append(absl::Span<const float> row, Rows* rows) {
  const auto cols = static_cast<int64_t>(row.size());
  if (rows->cols == 0) rows->cols = cols;
  if (cols != rows->cols) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", cols, " numbers, the rows before have ", rows->cols));
  }
  rows->values.insert(rows->values.end(), row.begin(), row.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Rows> ParseCsv(absl::string_view contents) {
  absl::ConsumePrefix(&contents, kByteOrderMark);
  Rows rows;
  bool header_possible = true;
  char separator = ' ';
  int64_t line_number = 0;
  for (absl::string_view line : absl::StrSplit(contents, '\n')) {
    ++line_number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (rows.cols == 0) separator = FindSeparator(line);
    const std::vector<absl::string_view> fields = SplitFields(line, separator);
    const bool is_header = header_possible && std::none_of(fields.begin(), fields.end(), IsNumber);
    header_possible = false;
    if (is_header) continue;
    const absl::StatusOr<std::vector<float>> row = ParseFields(fields);
    if (!row.ok()) return AtLine(line_number, row.status());
    if (const absl::Status status = Append(*row, &rows); !status.ok()) return AtLine(line_number, status);
  }
  if (rows.cols == 0) return absl::InvalidArgumentError("there are no rows of numbers");
  return rows;
}

absl::StatusOr<std::vector<float>> ParseNumbers(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.empty()) return absl::InvalidArgumentError("there are no numbers");
  return ParseFields(SplitFields(text, FindSeparator(text)));
}

}  // namespace engram::cli
