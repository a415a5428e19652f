#ifndef ENGRAM_CLIENT_CLI_WIRE_ROWS_H_
#define ENGRAM_CLIENT_CLI_WIRE_ROWS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "client/cli/rows.h"
#include "engram/v1/matrix.pb.h"

namespace engram::cli {

// The wire form of `rows`. REQUIRES: rows.cols > 0.
v1::Matrix ToWire(const Rows& rows);

// The numbers of a matrix in a response, of which there must be `count` rows; an unset matrix has
// none and is allowed. INTERNAL: the server sent another number.
absl::StatusOr<Rows> FromWire(const v1::Matrix& matrix, int64_t count);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_WIRE_ROWS_H_
