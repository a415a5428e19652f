#ifndef ENGRAM_CLIENT_CLI_EXIT_CODE_H_
#define ENGRAM_CLIENT_CLI_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace engram::cli {

// The exit code of a wrong command line.
constexpr int kUsageExitCode = 2;

// An error of the command line itself, found after it was parsed: INVALID_ARGUMENT, but told apart
// from the server's by ToExitCode.
absl::Status UsageError(absl::string_view message);

// True if `status` was made by UsageError.
bool IsUsageError(const absl::Status& status);

// The exit code of a command that ended with `status`. The codes are stable.
int ToExitCode(const absl::Status& status);

// The table of exit codes, one a line, for --help.
std::string ExitCodeHelp();

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_EXIT_CODE_H_
