#ifndef ENGRAM_CLIENT_CLI_FILE_H_
#define ENGRAM_CLIENT_CLI_FILE_H_

#include <istream>
#include <string>

#include "absl/status/statusor.h"

namespace engram::cli {

// The whole contents of the file at `path`, or of `in` when `path` is "-".
// Errors are those of the operating system, such as NOT_FOUND; the text names the path.
absl::StatusOr<std::string> ReadFile(const std::string& path, std::istream& in);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_FILE_H_
