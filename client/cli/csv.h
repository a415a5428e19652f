#ifndef ENGRAM_CLIENT_CLI_CSV_H_
#define ENGRAM_CLIENT_CLI_CSV_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/rows.h"

namespace engram::cli {

// Reads rows of numbers in text, one row a line. The first row decides what separates the numbers:
// a comma, else a semicolon, else a tab, else spaces. Blank lines and what follows '#' are skipped,
// and so is a first line without a single number: a header.
//
// INVALID_ARGUMENT: no rows, a field that is no number, or rows that differ in length; the text
// names the line, counted from 1.
absl::StatusOr<Rows> ParseCsv(absl::string_view contents);

// Reads one row of numbers, as ParseCsv does. INVALID_ARGUMENT: a field is no number.
absl::StatusOr<std::vector<float>> ParseNumbers(absl::string_view text);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_CSV_H_
