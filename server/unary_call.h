#ifndef ENGRAM_SERVER_UNARY_CALL_H_
#define ENGRAM_SERVER_UNARY_CALL_H_

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"
#include "core/engine/call.h"
#include "server/call_gate.h"
#include "server/grpc_status.h"

namespace engram {

// One unary call with a single request and response message: parses the request, hands it to its handler and
// sends what the handler answers, once. Deletes itself when gRPC is done with it. Requests are parsed here
// and not by gRPC, which answers a malformed one with UNIMPLEMENTED.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `gate` let the call in with `request_bytes`, and is told when it leaves.
  UnaryCall(grpc::CallbackServerContext* context, grpc::ByteBuffer* response, int64_t request_bytes,
            CallGate* gate)
      : deadline_(context->deadline() == std::chrono::system_clock::time_point::max()
                      ? absl::InfiniteFuture()
                      : absl::FromChrono(context->deadline())),
        response_(response),
        request_bytes_(request_bytes),
        gate_(gate) {}

  absl::Time deadline() const { return deadline_; }
  std::shared_ptr<const Cancellation> cancellation() const { return cancellation_; }

  // CANCELLED, DEADLINE_EXCEEDED: nobody waits for the answer any more.
  absl::Status CheckWanted(absl::Time now) const {
    if (cancellation_->cancelled()) return CallCancelled();
    if (deadline_ <= now) return CallExpired();
    return absl::OkStatus();
  }

  // INVALID_ARGUMENT: the bytes are not a valid `message`.
  static absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
    grpc::ByteBuffer readable = bytes;  // Shares the bytes.
    if (grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&readable, message)
            .ok()) {
      return absl::OkStatus();
    }
    return InvalidField("request", absl::StrCat(bytes.Length(), " bytes that do not parse"),
                        absl::StrCat("a message of type ", message->GetTypeName()));
  }

  // Sends the answer. Called exactly once.
  template <typename Response>
  void Answer(const absl::StatusOr<Response>& response) {
    if (!response.ok()) return Finish(ToGrpcStatus(response.status()));
    bool owned = false;
    Finish(grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(*response, response_,
                                                                                      &owned));
  }

  void OnCancel() override { cancellation_->Cancel(); }
  void OnDone() override {
    gate_->Leave(request_bytes_);
    delete this;
  }

 private:
  const absl::Time deadline_;
  grpc::ByteBuffer* const response_;
  const int64_t request_bytes_;
  CallGate* const gate_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

}  // namespace engram

#endif  // ENGRAM_SERVER_UNARY_CALL_H_
