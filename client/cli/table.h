#ifndef ENGRAM_CLIENT_CLI_TABLE_H_
#define ENGRAM_CLIENT_CLI_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/screen.h"

namespace engram::cli {

// Text in aligned columns: numbers to the right, everything else to the left.
//
//   name   patterns   dim
//   digits    1,797    64
class Table {
 public:
  // A table without a header when `header` is empty.
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}

  // REQUIRES: as many cells as the header has, if there is one.
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // Writes the table, its header in bold where `screen` has colours.
  void Print(const Screen& screen) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// `cell` with spaces before it, if it is a number, else after it, so that it is at least `width` wide.
std::string AlignCell(absl::string_view cell, int width, bool is_number);

// The header of a table as it is written: in bold where `screen` has colours.
std::string HeaderText(absl::string_view header, const Screen& screen);

// Characters that `text` takes on a screen: its UTF-8 code points.
// REQUIRES: no combining and no wide characters.
int DisplayWidth(absl::string_view text);

// The first `count` code points of `text`, UTF-8; all of it if it has no more.
absl::string_view FirstCharacters(absl::string_view text, int count);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_TABLE_H_
