#include "server/message_bytes.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  grpc::ByteBuffer readable = bytes;  // Shares the bytes.
  if (grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&readable, message).ok()) {
    return absl::OkStatus();
  }
  return InvalidField("request", absl::StrCat(bytes.Length(), " bytes that do not parse"),
                      absl::StrCat("a message of type ", message->GetTypeName()));
}

grpc::Status SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes) {
  bool owned = false;
  return grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, bytes, &owned);
}

}  // namespace engram
