#ifndef ENGRAM_CLIENT_CLI_PATTERN_SOURCE_H_
#define ENGRAM_CLIENT_CLI_PATTERN_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/pattern_set.h"

namespace CLI {
class App;
}

namespace engram::cli {

// Where a command reads patterns from.
struct PatternSource {
  // A path, "-" for standard input, or, for queries, numbers such as "0.1,0.2".
  std::string text;
  // A value of --format; empty: found out.
  std::string format;
};

// Adds --format to a command.
void AddFormatFlag(CLI::App& command, PatternSource* source);

// Reads a file or standard input. Errors name the source.
absl::StatusOr<PatternSet> ReadPatternSet(const PatternSource& source, const Context& context);

// Reads rows that may also be given as numbers on the command line; text that can be read as numbers
// is numbers, so a file of such a name is given as "./1".
absl::StatusOr<Rows> ReadRows(const PatternSource& source, const Context& context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_SOURCE_H_
