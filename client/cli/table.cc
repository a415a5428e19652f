#include "client/cli/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace engram::cli {
namespace {

constexpr char kBold[] = "\x1b[1m";
constexpr char kPlain[] = "\x1b[0m";
constexpr int kGap = 2;

bool LooksNumeric(absl::string_view cell) {
  double value = 0;
  return cell.empty() || cell == "-" || absl::SimpleAtod(absl::StrReplaceAll(cell, {{",", ""}}), &value);
}

// False for the bytes of a UTF-8 code point after its first.
bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string Padding(int width) { return std::string(static_cast<size_t>(std::max(width, 0)), ' '); }

}  // namespace

int DisplayWidth(absl::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

absl::string_view FirstCharacters(absl::string_view text, int count) {
  size_t end = 0;
  for (int found = 0; end < text.size(); ++end) {
    if (BeginsCharacter(text[end]) && ++found > count) break;
  }
  return text.substr(0, end);
}

std::string AlignCell(absl::string_view cell, int width, bool is_number) {
  const std::string padding = Padding(width - DisplayWidth(cell));
  return absl::StrCat(is_number ? padding : "", cell, is_number ? "" : padding);
}

std::string HeaderText(absl::string_view header, const Screen& screen) {
  const bool bold = screen.colors != Colors::kNone;
  return absl::StrCat(bold ? kBold : "", header, bold ? kPlain : "");
}

void Table::Print(const Screen& screen) const {
  std::vector<std::vector<std::string>> lines = rows_;
  if (!header_.empty()) lines.insert(lines.begin(), header_);
  const size_t columns = lines.empty() ? 0 : lines.front().size();
  std::vector<int> widths(columns, 0);
  std::vector<bool> numeric(columns, !rows_.empty() && !header_.empty());
  for (size_t column = 0; column < columns; ++column) {
    for (const auto& line : lines) widths[column] = std::max(widths[column], DisplayWidth(line[column]));
    for (const auto& row : rows_) numeric[column] = numeric[column] && LooksNumeric(row[column]);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string text;
    for (size_t column = 0; column < columns; ++column) {
      absl::StrAppend(&text, AlignCell(lines[i][column], widths[column], numeric[column]), Padding(kGap));
    }
    absl::StripTrailingAsciiWhitespace(&text);
    *screen.stream << (i == 0 && !header_.empty() ? HeaderText(text, screen) : text) << '\n';
  }
}

}  // namespace engram::cli
