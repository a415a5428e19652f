#ifndef ENGRAM_CLIENT_CLI_TRANSFORM_FLAGS_H_
#define ENGRAM_CLIENT_CLI_TRANSFORM_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engram/v1/dynamics.pb.h"

namespace engram::cli {

// The flags that choose a transformation, as given.
struct TransformFlags {
  std::string transform;
  std::optional<double> alpha;
  std::optional<double> gamma;
  std::optional<int64_t> k;
  std::optional<double> edge;
  std::optional<int32_t> degree;
  // Of --upper-bounds; empty: not given.
  std::vector<double> upper_bounds;
  bool rectified = false;
};

// The values of --transform, in the order of --help.
std::vector<std::string> TransformNames();

// Sets the transformation of `dynamics`; leaves it unset when no flag was given. Without --transform
// the parameters choose it: --alpha is entmax (softmax at 1), --gamma normmax, --k k-subsets and so on.
//
// A usage error when the flags contradict each other, name no transformation, or lack a parameter.
absl::Status SetTransformation(const TransformFlags& flags, v1::Dynamics* dynamics);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_TRANSFORM_FLAGS_H_
