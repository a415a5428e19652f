#ifndef ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_
#define ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "server/call_context.h"
#include "server/exchange_queue.h"
#include "server/service_parts.h"

namespace engram {

// A RetrieveStream: reads requests and submits them while earlier ones are in the engine, and sends the
// responses in the order of the requests. Deletes itself when gRPC is done with it.
//
// Reading, submitting, the engine's answers and sending overlap; each tells the queue of exchanges what
// happened and starts what that says. A request is inside the gate until it is answered, not while its
// response waits for the client.
class RetrieveStreamCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  RetrieveStreamCall(grpc::CallbackServerContext* context, const ServiceParts* parts);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override { context_.Cancel(); }
  void OnDone() override { delete this; }

 private:
  // Changes the queue and starts what it says is next, under the lock, so that nothing is started after the
  // stream's end; gRPC never runs a callback within. Returns what is to be admitted, if anything; if not, the
  // stream may be gone.
  template <typename Change>
  std::shared_ptr<Exchange> Step(Change change) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same for threads that must not wait: another one admits.
  template <typename Change>
  void StepAndSchedule(Change change) ABSL_LOCKS_EXCLUDED(mutex_);

  // Submits the request that was read as `exchange`, or keeps it for later if there is no room for it now but
  // will be. Null: does nothing.
  void Admit(std::shared_ptr<Exchange> exchange) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether it is worth while to submit the request again.
  bool HasRoom() const;
  // RESOURCE_EXHAUSTED with a delay: there is no room now.
  absl::Status Submit(const std::shared_ptr<Exchange>& exchange) ABSL_LOCKS_EXCLUDED(mutex_);
  // The engine's answer to a request of `request_bytes`.
  void Answer(Exchange* exchange, int64_t request_bytes, absl::StatusOr<grpc::ByteBuffer> response)
      ABSL_LOCKS_EXCLUDED(mutex_);

  CallContext context_;
  const ServiceParts& parts_;
  // These belong to gRPC while it reads, else to Admit.
  grpc::ByteBuffer read_;
  std::optional<v1::RetrieveRequest> request_;  // read_, once it has been parsed.

  Mutex mutex_;
  ExchangeQueue queue_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_SERVER_RETRIEVE_STREAM_CALL_H_
