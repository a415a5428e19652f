#ifndef ENGRAM_CLIENT_CLI_DYNAMICS_REPORT_H_
#define ENGRAM_CLIENT_CLI_DYNAMICS_REPORT_H_

#include <string>

#include "client/cli/output.h"
#include "engram/v1/dynamics.pb.h"

namespace engram::cli {

// The transformation in words: "entmax, alpha 1.5".
std::string TransformText(const v1::Dynamics& dynamics);

// The post-transformation in words: "l2-normalize".
std::string PostTransformText(const v1::Dynamics& dynamics);

// All that is set, under the names of the flags.
Json DynamicsJson(const v1::Dynamics& dynamics);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_DYNAMICS_REPORT_H_
