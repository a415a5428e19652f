#ifndef ENGRAM_CLIENT_CLI_UPPER_BOUNDS_H_
#define ENGRAM_CLIENT_CLI_UPPER_BOUNDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram::cli {

// Reads upper bounds of weights: a .npy file, or numbers in text, separated by commas, semicolons, blanks or
// ends of lines; what follows '#' in a line is skipped.
//
// INVALID_ARGUMENT: there are none, or a word is no number; the text names its line, counted from 1.
absl::StatusOr<std::vector<double>> ParseUpperBounds(absl::string_view contents);

// Reads the file at `path`. Errors name it.
absl::StatusOr<std::vector<double>> ReadUpperBounds(const std::string& path);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_UPPER_BOUNDS_H_
