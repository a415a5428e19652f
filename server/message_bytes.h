#ifndef ENGRAM_SERVER_MESSAGE_BYTES_H_
#define ENGRAM_SERVER_MESSAGE_BYTES_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace engram {

// Messages are parsed here and not by gRPC, which answers a malformed one with UNIMPLEMENTED.

// INVALID_ARGUMENT: the bytes are not a valid `message`.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

// The bytes of `message`.
grpc::Status SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes);

}  // namespace engram

#endif  // ENGRAM_SERVER_MESSAGE_BYTES_H_
