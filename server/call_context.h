#ifndef ENGRAM_SERVER_CALL_CONTEXT_H_
#define ENGRAM_SERVER_CALL_CONTEXT_H_

#include <grpcpp/server_context.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/engine/call.h"

namespace engram {

// Until when an answer is wanted, and whether anybody still waits for it. Thread-safe.
class CallContext {
 public:
  explicit CallContext(const grpc::CallbackServerContext& context)
      : deadline_(context.deadline() == std::chrono::system_clock::time_point::max()
                      ? absl::InfiniteFuture()
                      : absl::FromChrono(context.deadline())) {}

  absl::Time deadline() const { return deadline_; }
  std::shared_ptr<const Cancellation> cancellation() const { return cancellation_; }
  void Cancel() { cancellation_->Cancel(); }

  // CANCELLED, DEADLINE_EXCEEDED: nobody waits for the answer any more.
  absl::Status CheckWanted(absl::Time now) const {
    if (cancellation_->cancelled()) return CallCancelled();
    if (deadline_ <= now) return CallExpired();
    return absl::OkStatus();
  }

 private:
  const absl::Time deadline_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

}  // namespace engram

#endif  // ENGRAM_SERVER_CALL_CONTEXT_H_
