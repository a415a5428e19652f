#ifndef ENGRAM_CLIENT_CLI_COMMAND_LINE_H_
#define ENGRAM_CLIENT_CLI_COMMAND_LINE_H_

#include "client/cli/context.h"

namespace engram::cli {

// Parses a command line, runs its command and reports errors to context.err. Returns the exit code.
int RunCommandLine(int argc, const char* const* argv, Context context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_COMMAND_LINE_H_
