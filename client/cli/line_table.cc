#include "client/cli/line_table.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/table.h"

namespace engram::cli {

void LineTable::AddRow(const std::vector<std::string>& cells) {
  if (!has_header_) {
    has_header_ = true;
    std::vector<std::string> names;
    for (const Column& column : columns_) names.push_back(column.name);
    *screen_.stream << HeaderText(LineText(names), screen_) << '\n';
  }
  *screen_.stream << LineText(cells) << '\n';
}

std::string LineTable::LineText(const std::vector<std::string>& cells) const {
  std::string text;
  for (size_t i = 0; i < columns_.size(); ++i) {
    absl::StrAppend(&text, AlignCell(cells[i], columns_[i].width, columns_[i].is_number), "  ");
  }
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

}  // namespace engram::cli
