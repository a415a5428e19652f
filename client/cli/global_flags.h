#ifndef ENGRAM_CLIENT_CLI_GLOBAL_FLAGS_H_
#define ENGRAM_CLIENT_CLI_GLOBAL_FLAGS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/cli/context.h"

namespace CLI {
class App;
}

namespace engram::cli {

// The flags that every command takes, as given or by default.
struct GlobalFlags {
  std::string server = ConnectionOptions().target;
  std::string timeout = "none";
  int64_t max_message_bytes = ConnectionOptions().max_message_bytes;
  std::string output = "table";
  std::string color = "auto";
};

// Adds the flags, and the environment variables that stand for them.
void AddGlobalFlags(CLI::App& app, GlobalFlags* flags);

// Sets what the flags decide of `context`. A usage error: --timeout is no duration.
absl::Status ApplyGlobalFlags(const GlobalFlags& flags, Context* context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_GLOBAL_FLAGS_H_
