#ifndef ENGRAM_CLIENT_CLI_FVECS_H_
#define ENGRAM_CLIENT_CLI_FVECS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/rows.h"

namespace engram::cli {

// Reads a whole .fvecs file: for each row a little-endian int32 with its length, then as many
// little-endian float32. The format of the corpora at http://corpus-texmex.irisa.fr.
//
// INVALID_ARGUMENT: the file is empty or truncated, or its rows differ in length.
absl::StatusOr<Rows> ParseFvecs(absl::string_view contents);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_FVECS_H_
