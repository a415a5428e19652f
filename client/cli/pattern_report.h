#ifndef ENGRAM_CLIENT_CLI_PATTERN_REPORT_H_
#define ENGRAM_CLIENT_CLI_PATTERN_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "client/cli/output.h"
#include "client/cli/rows.h"
#include "client/cli/table.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// The numbers as JSON, each the shortest decimal of its float.
Json NumbersJson(absl::Span<const float> numbers);

// The first few numbers of a row, for people.
std::string NumbersText(absl::Span<const float> numbers);

// A payload in one line: quoted, its control characters escaped, cut when long. Empty when empty.
std::string PayloadText(const std::string& payload);

// Sets "payload" of `json`, or "payload_base64" when the payload is not UTF-8; nothing when empty.
void SetPayload(const std::string& payload, Json* json);

// A pattern as a line that `engram store` reads; `pattern` and `value` are left out when empty.
Json PatternJson(uint64_t id, absl::Span<const float> pattern, absl::Span<const float> value,
                 const std::string& payload);

// Patterns and values are those of the response. REQUIRES: patterns has response.ids_size() rows, values
// that or none.
Table PatternTable(const v1::GetPatternsResponse& response, const Rows& patterns, const Rows& values);

// As PatternTable; each entry is a line that `engram store` reads.
Json PatternsJson(const v1::GetPatternsResponse& response, const Rows& patterns, const Rows& values);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_REPORT_H_
