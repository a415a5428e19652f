#ifndef ENGRAM_CLIENT_CLI_PATTERN_ATTRIBUTES_H_
#define ENGRAM_CLIENT_CLI_PATTERN_ATTRIBUTES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram::cli {

// Reads ids, one a line. INVALID_ARGUMENT: a line is no integer in [0, 2^63); the text names it,
// counted from 1.
absl::StatusOr<std::vector<uint64_t>> ParseIds(absl::string_view contents);

// Reads payloads, one a line; blank lines are empty payloads.
std::vector<std::string> ParsePayloads(absl::string_view contents);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_ATTRIBUTES_H_
