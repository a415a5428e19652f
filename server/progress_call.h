#ifndef ENGRAM_SERVER_PROGRESS_CALL_H_
#define ENGRAM_SERVER_PROGRESS_CALL_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/storage/snapshot_store.h"
#include "server/fill_snapshot.h"
#include "server/stream_call.h"

namespace engram {

// One long piece of work for one request, whose stream says now and then how far it is and ends with its
// result. The work has a thread to itself and never waits for the client: while a message is under way, what
// there was to say of progress is left out. It is inside the gate until it ends, so that a drain waits for
// it, and it ends soon when the gate closes or nobody wants it any more.
template <typename Response>
class ProgressCall : public StreamCall<grpc::ServerWriteReactor<grpc::ByteBuffer>> {
 public:
  using StreamCall::StreamCall;

  // Answers `request`, which gRPC keeps until the call is done.
  void Start(const grpc::ByteBuffer* request) {
    const absl::Status status = Enter(static_cast<int64_t>(request->Length()));
    if (!status.ok()) return End(status);
    Schedule([this, request] {
      {
        MutexLock lock(&mutex_);
        next_progress_ = parts().clock->Now() + kProgressInterval;
      }
      TakeResult(Work(*request, [this](int64_t done, int64_t total) { return OnProgress(done, total); }));
    });
  }

  void OnWriteDone(bool ok) final {
    if (!ok && result_sent_) return End(CallCancelled());
    if (!ok) OnCancel();
    {
      MutexLock lock(&mutex_);
      writing_ = false;
      if (!result_.has_value()) return;  // What is at work sends the next.
    }
    SendResult();
  }

 protected:
  // Does what the request asks for, with `progress`, whose errors end it. Runs on a thread that may wait.
  virtual absl::StatusOr<Response> Work(const grpc::ByteBuffer& request, const ProgressVisitor& progress) = 0;

 private:
  static constexpr absl::Duration kProgressInterval = absl::Milliseconds(250);

  absl::Status OnProgress(int64_t done_bytes, int64_t total_bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Time now = parts().clock->Now();
    ENGRAM_RETURN_IF_ERROR(context().CheckWanted(now));
    ENGRAM_RETURN_IF_ERROR(parts().gate->CheckOpen());
    {
      MutexLock lock(&mutex_);
      if (writing_ || now < next_progress_) return absl::OkStatus();
      writing_ = true;
      next_progress_ = now + kProgressInterval;
    }
    Response response;
    *response.mutable_progress() = FillProgress(done_bytes, total_bytes);
    SendInside(response);
    return absl::OkStatus();
  }

  // The work has ended. Whoever comes second, this or a message under way, sends the result.
  void TakeResult(absl::StatusOr<Response> result) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      MutexLock lock(&mutex_);
      result_ = std::move(result);
      if (writing_) return Leave();
    }
    SendResult();
  }

  // REQUIRES: the work has ended, and no message is under way.
  void SendResult() {
    if (!result_->ok()) return End(result_->status());
    if (std::exchange(result_sent_, true)) return End(absl::OkStatus());
    Send(**result_);
  }

  Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_progress_ ABSL_GUARDED_BY(mutex_);
  // Written once, under mutex_; what follows is one write after another.
  std::optional<absl::StatusOr<Response>> result_;
  bool result_sent_ = false;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_PROGRESS_CALL_H_
