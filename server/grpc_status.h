#ifndef ENGRAM_SERVER_GRPC_STATUS_H_
#define ENGRAM_SERVER_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace engram {

// The wire form of a status: its code, its text, and google.rpc.ErrorInfo, BadRequest and RetryInfo as far
// as its details have them. Texts are cut at 1 KiB: they travel in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace engram

#endif  // ENGRAM_SERVER_GRPC_STATUS_H_
