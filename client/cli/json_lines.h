#ifndef ENGRAM_CLIENT_CLI_JSON_LINES_H_
#define ENGRAM_CLIENT_CLI_JSON_LINES_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/pattern_set.h"

namespace engram::cli {

// Reads JSON lines. Each line is an array of numbers, or an object
//
//   {"pattern": [0.1, 0.2], "id": 7, "value": [1], "payload": "text"}
//
// of which only the pattern is required and what one line has all must have. "payload_base64" may
// stand for "payload". Blank lines are skipped.
//
// INVALID_ARGUMENT: no patterns, a line that is none of this, or lines that differ in length or in
// keys; the text names the line, counted from 1.
absl::StatusOr<PatternSet> ParseJsonLines(absl::string_view contents);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_JSON_LINES_H_
