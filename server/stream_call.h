#ifndef ENGRAM_SERVER_STREAM_CALL_H_
#define ENGRAM_SERVER_STREAM_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>

#include "absl/status/status.h"
#include "server/call_context.h"
#include "server/grpc_status.h"
#include "server/message_bytes.h"
#include "server/service_parts.h"

namespace engram {

// What streams of either direction have in common: one thing at a time is read, done or sent, so that they
// need no locks. Counts how it ended, and deletes itself when gRPC is done with it.
//
// A stream is inside the gate while there is work to do, not while it waits for its client, be it to send or
// to read: those that wait do not hold up a drain.
template <typename Reactor>
class StreamCall : public Reactor {
 public:
  StreamCall(grpc::CallbackServerContext* context, const ServiceParts* parts, Method method)
      : context_(*context), parts_(*parts), counters_(parts->calls->of(method)) {}

  void OnCancel() final { context_.Cancel(); }
  void OnDone() final {
    Leave();
    delete this;
  }

 protected:
  const CallContext& context() const { return context_; }
  const ServiceParts& parts() const { return parts_; }

  // Enters the gate with a message of `bytes`. UNAVAILABLE, RESOURCE_EXHAUSTED: it does not let it in.
  absl::Status Enter(int64_t bytes) {
    const absl::Status status = parts_.gate->Enter(bytes);
    if (status.ok()) bytes_inside_ = bytes;
    return status;
  }
  // Leaves the gate, if inside.
  void Leave() {
    if (bytes_inside_ != kOutside) parts_.gate->Leave(bytes_inside_);
    bytes_inside_ = kOutside;
  }

  // Runs `step` on a thread that may wait, or ends the stream if nobody wants it any more. Nothing may
  // happen to the stream meanwhile.
  template <typename Step>
  void Schedule(Step step) {
    parts_.blocking_calls->Schedule([this, step] {
      const absl::Status status = context_.CheckWanted(parts_.clock->Now());
      status.ok() ? step() : End(status);
    });
  }

  // Leaves the gate and sends a message; OnWriteDone follows. REQUIRES: no other is being sent.
  void Send(const google::protobuf::Message& message) {
    if (!Serialize(message)) return;
    Leave();
    this->StartWrite(&sent_);
  }
  // The same from inside the gate, where work goes on meanwhile.
  void SendInside(const google::protobuf::Message& message) {
    if (Serialize(message)) this->StartWrite(&sent_);
  }
  // Ends the stream, however it ends. Called once, and last.
  void End(const absl::Status& status) {
    BeforeEnd(status);
    const grpc::Status end = ToGrpcStatus(status);
    counters_->Count(end.error_code());
    this->Finish(end);
  }
  // What is to be done before the client learns that the stream has ended.
  virtual void BeforeEnd(const absl::Status&) {}

 private:
  static constexpr int64_t kOutside = -1;

  // Makes sent_ of a message, or ends the stream.
  bool Serialize(const google::protobuf::Message& message) {
    sent_.Clear();
    const grpc::Status status = SerializeMessage(message, &sent_);
    if (!status.ok()) End(absl::InternalError(status.error_message()));
    return status.ok();
  }

  CallContext context_;
  const ServiceParts& parts_;
  MethodCounters* const counters_;
  int64_t bytes_inside_ = kOutside;
  grpc::ByteBuffer sent_;
};

// A stream of responses to one request, made one after another as the client takes them.
class ResponseStreamCall : public StreamCall<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  using StreamCall::StreamCall;

  // Answers `request`, which gRPC keeps until the call is done.
  void Start(const grpc::ByteBuffer* request) {
    const absl::Status status = Enter(static_cast<int64_t>(request->Length()));
    if (!status.ok()) return End(status);
    Schedule([this, request] {
      const absl::Status begun = Begin(*request);
      if (!begun.ok()) return End(begun);
      done() ? End(absl::OkStatus()) : Continue();
    });
  }

  void OnWriteDone(bool ok) final {
    if (!ok) return End(CallCancelled());
    if (done()) return End(absl::OkStatus());
    // The request has been parsed and takes up nothing any more.
    const absl::Status status = Enter(0);
    if (!status.ok()) return End(status);
    Schedule([this] { Continue(); });
  }

 protected:
  // Parses the request and finds what it is about. An error ends the stream.
  virtual absl::Status Begin(const grpc::ByteBuffer& request) = 0;
  // Whether all responses have been sent.
  virtual bool done() const = 0;
  // Makes the next response and sends it, or ends the stream with an error; now or later, on any thread,
  // once. REQUIRES: !done().
  virtual void Continue() = 0;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_STREAM_CALL_H_
