#ifndef ENGRAM_CLIENT_CLI_DYNAMICS_FLAGS_H_
#define ENGRAM_CLIENT_CLI_DYNAMICS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/transform_flags.h"
#include "engram/v1/dynamics.pb.h"

namespace CLI {
class App;
}

namespace engram::cli {

// The flags that say what a retrieval does, as given.
struct DynamicsFlags {
  TransformFlags transform;
  // A file; empty: not given.
  std::string upper_bounds;
  std::string post_transform;
  std::optional<double> eps;
  std::optional<double> beta;
  std::optional<int32_t> max_iterations;
  std::optional<double> tolerance;
};

// Adds the flags to a command, as a group of their own in its --help.
void AddDynamicsFlags(CLI::App& command, DynamicsFlags* flags);

// The message that has what was given and nothing else: the bank's defaults mean the rest. Reads the
// file of upper bounds. A usage error when flags contradict each other; errors of the file name it.
absl::StatusOr<v1::Dynamics> ParseDynamics(const DynamicsFlags& flags);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_DYNAMICS_FLAGS_H_
