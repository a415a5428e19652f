#ifndef ENGRAM_SERVER_MESSAGE_BYTES_H_
#define ENGRAM_SERVER_MESSAGE_BYTES_H_

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstddef>

#include "absl/status/status.h"

namespace engram {

// A message that lives as long as this. What it consists of is allocated in here, as far as there is room,
// but for the contents of strings.
template <typename Message>
class LocalMessage {
 public:
  Message& operator*() { return *message_; }
  Message* operator->() { return message_; }

 private:
  static constexpr size_t kBytes = 2048;

  google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.initial_block = block_;
    options.initial_block_size = kBytes;
    return options;
  }

  alignas(std::max_align_t) char block_[kBytes];
  google::protobuf::Arena arena_{Options()};
  Message* const message_ = google::protobuf::Arena::CreateMessage<Message>(&arena_);
};

// Messages are parsed here and not by gRPC, which answers a malformed one with UNIMPLEMENTED.

// INVALID_ARGUMENT: the bytes are not a valid `message`.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message* message);

// The bytes of `message`.
grpc::Status SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer* bytes);

}  // namespace engram

#endif  // ENGRAM_SERVER_MESSAGE_BYTES_H_
