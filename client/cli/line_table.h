#ifndef ENGRAM_CLIENT_CLI_LINE_TABLE_H_
#define ENGRAM_CLIENT_CLI_LINE_TABLE_H_

#include <string>
#include <vector>

#include "client/cli/screen.h"

namespace engram::cli {

// A table that is written line by line, as the rows come, and therefore has columns of fixed width.
class LineTable {
 public:
  struct Column {
    std::string name;
    // Characters; a longer cell moves those after it.
    int width;
    // Numbers stand to the right.
    bool is_number;
  };

  // `screen` outlives this object.
  LineTable(const Screen& screen, std::vector<Column> columns)
      : screen_(screen), columns_(std::move(columns)) {}

  // Writes a row, after the header if it is the first. REQUIRES: as many cells as there are columns.
  void AddRow(const std::vector<std::string>& cells);

  // Makes everything that was written visible.
  void Flush() { *screen_.stream << std::flush; }

 private:
  std::string LineText(const std::vector<std::string>& cells) const;

  const Screen& screen_;
  const std::vector<Column> columns_;
  bool has_header_ = false;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_LINE_TABLE_H_
