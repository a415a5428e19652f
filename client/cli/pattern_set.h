#ifndef ENGRAM_CLIENT_CLI_PATTERN_SET_H_
#define ENGRAM_CLIENT_CLI_PATTERN_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/rows.h"

namespace engram::cli {

// Patterns [n, D] to be stored and what goes with them. Only the patterns are always there; of each
// other member there are none or n.
struct PatternSet {
  Rows patterns;
  Rows values;
  std::vector<uint64_t> ids;
  std::vector<std::string> payloads;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_SET_H_
