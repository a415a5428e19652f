#ifndef ENGRAM_CLIENT_CLI_PATTERN_FILE_H_
#define ENGRAM_CLIENT_CLI_PATTERN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/pattern_set.h"

namespace engram::cli {

enum class PatternFormat { kNpy, kCsv, kJsonLines, kFvecs };

// The values of --format: npy, csv, jsonl, fvecs.
std::vector<std::string> PatternFormatNames();

// The format of a file: what `flag` says, else what the ending of `path` says, else what `contents`
// can only be.
//
// INVALID_ARGUMENT: the flag names no format, or none of the three decides.
absl::StatusOr<PatternFormat> FindPatternFormat(absl::string_view flag, absl::string_view path,
                                                absl::string_view contents);

// Reads a file that has been read into memory.
//
// INVALID_ARGUMENT: as the reader of the format says, or a number is not finite.
absl::StatusOr<PatternSet> ParsePatternFile(absl::string_view contents, PatternFormat format);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_FILE_H_
