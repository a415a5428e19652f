#ifndef ENGRAM_CLIENT_INTERNAL_GRPC_STATUS_H_
#define ENGRAM_CLIENT_INTERNAL_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "engram/connection.h"

namespace engram::internal {

// The status of a call over a connection with `options`: the same code, the server's text with a hint where
// one helps, and the details (proto/engram/v1/error.proto) as payloads.
absl::Status ToStatus(const grpc::Status& status, const ConnectionOptions& options);

// DEADLINE_EXCEEDED: a stream that was cancelled because nothing came for `options.timeout`.
absl::Status IdleError(const ConnectionOptions& options);

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_GRPC_STATUS_H_
