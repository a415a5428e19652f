#ifndef ENGRAM_CLIENT_CLI_CONTEXT_H_
#define ENGRAM_CLIENT_CLI_CONTEXT_H_

#include <functional>
#include <istream>
#include <string>

#include "absl/status/status.h"
#include "client/cli/screen.h"
#include "engram/client.h"

namespace engram::cli {

enum class Output { kTable, kJson, kNpy, kCsv };

// What a command runs with: its streams, who looks at them, and the flags that all commands share.
struct Context {
  std::istream* in = nullptr;
  bool in_is_terminal = false;
  Screen out;
  Screen err;
  ColorVariables color_variables;
  Output output = Output::kTable;
  ConnectionOptions connection;
  // Replaced in tests.
  std::function<Client(const ConnectionOptions&)> connect = Client::Connect;
};

// A command whose line has been parsed.
using Command = std::function<absl::Status(const Context&)>;

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_CONTEXT_H_
