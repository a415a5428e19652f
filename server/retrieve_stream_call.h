#ifndef ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_
#define ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/call_context.h"
#include "server/service_parts.h"

namespace engram {

// A RetrieveStream: reads requests and submits them while earlier ones are in the engine, and sends the
// responses in the order of the requests. Deletes itself when gRPC is done with it.
//
// Reading, submitting, the engine's answers and sending overlap; each changes the state under the lock, and
// then Advance decides what is next. What it starts is started under the lock, so that nothing is after the
// stream's end; gRPC never runs a callback within.
class RetrieveStreamCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  RetrieveStreamCall(grpc::CallbackServerContext* context, const ServiceParts* parts);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override { context_.Cancel(); }
  void OnDone() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A request and, later, its response.
  struct Exchange {
    int64_t request_bytes = 0;  // As the gate knows it.
    bool inside = false;        // The gate.
    bool answered = false;
    absl::Status status;
    grpc::ByteBuffer response;
  };

  // Submits the request that was read, or keeps it for later if there is no room for it now but will be.
  void Admit() ABSL_LOCKS_EXCLUDED(mutex_);
  // Submits it as `exchange`. RESOURCE_EXHAUSTED with a delay: there is no room now.
  absl::Status Submit(const std::shared_ptr<Exchange>& exchange) ABSL_LOCKS_EXCLUDED(mutex_);
  // The engine's answer.
  void Answer(const std::shared_ptr<Exchange>& exchange, const absl::StatusOr<v1::RetrieveResponse>& response)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Starts what can be started. A status: the stream ends with it, and the caller calls Finish, last.
  std::optional<absl::Status> Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishIf(const std::optional<absl::Status>& end);

  CallContext context_;
  const ServiceParts& parts_;
  grpc::ByteBuffer read_;  // Belongs to gRPC while reading_, else to Admit.

  Mutex mutex_;
  std::deque<std::shared_ptr<Exchange>> exchanges_ ABSL_GUARDED_BY(mutex_);  // Not sent yet, in order.
  int64_t in_engine_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool admitting_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;         // read_ has a request for which there was no room.
  bool room_ ABSL_GUARDED_BY(mutex_) = false;         // Something has become free since.
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;  // The client sends no more.
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;       // One of exchanges_ has: no more are read.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);  // What the stream is about to end with.
};

}  // namespace engram

#endif  // ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_
