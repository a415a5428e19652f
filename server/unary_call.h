#ifndef ENGRAM_SERVER_UNARY_CALL_H_
#define ENGRAM_SERVER_UNARY_CALL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "server/call_context.h"
#include "server/call_counters.h"
#include "server/call_gate.h"
#include "server/grpc_status.h"
#include "server/message_bytes.h"

namespace engram {

// One call with a single request and response message: sends what its handler answers, once, and counts how
// it ended. Deletes itself when gRPC is done with it.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  // `gate` let the call in with `request_bytes`, and is told when it leaves.
  UnaryCall(grpc::CallbackServerContext* context, grpc::ByteBuffer* response, int64_t request_bytes,
            CallGate* gate, MethodCounters* counters)
      : context_(*context),
        response_(response),
        request_bytes_(request_bytes),
        gate_(gate),
        counters_(counters) {}

  const CallContext& context() const { return context_; }

  // Sends the answer. Called exactly once.
  template <typename Response>
  void Answer(const absl::StatusOr<Response>& response) {
    End(response.ok() ? SerializeMessage(*response, response_) : ToGrpcStatus(response.status()));
  }

  // The same with the bytes of a response.
  void AnswerBytes(absl::StatusOr<grpc::ByteBuffer> response) {
    if (response.ok()) response_->Swap(&*response);
    End(ToGrpcStatus(response.status()));
  }

  // What follows does not wait: gRPC need not wake a thread of its own for it, twice a call.
  bool InternalInlineable() override { return true; }
  void OnCancel() override { context_.Cancel(); }
  void OnDone() override {
    gate_->Leave(request_bytes_);
    delete this;
  }

 private:
  void End(const grpc::Status& status) {
    counters_->Count(status.error_code());
    Finish(status);
  }

  CallContext context_;
  grpc::ByteBuffer* const response_;
  const int64_t request_bytes_;
  CallGate* const gate_;
  MethodCounters* const counters_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_UNARY_CALL_H_
