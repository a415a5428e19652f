#include "server/retrieve_stream_call.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/grpc_status.h"
#include "server/message_bytes.h"
#include "server/submit_retrieve.h"

namespace engram {
namespace {

// Responses of one stream that wait to be sent may take up as much as this many of the largest; those to the
// requests that are in the engine then come on top.
constexpr int64_t kUnsentMessages = 2;

// There is no room now, but there will be.
bool IsRetryable(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kResourceExhausted) return false;
  const std::optional<ErrorDetails> details = FindErrorDetails(status);
  return details.has_value() && details->retry_delay > absl::ZeroDuration();
}

}  // namespace

RetrieveStreamCall::RetrieveStreamCall(grpc::CallbackServerContext* context, const ServiceParts* parts)
    : context_(*context),
      parts_(*parts),
      queue_(Limits::kMaxStreamRequests, kUnsentMessages * parts->limits.max_message_bytes) {
  Step([](ExchangeQueue*) {});
}

template <typename Change>
std::shared_ptr<Exchange> RetrieveStreamCall::Step(Change change) {
  ExchangeQueue::Next next;
  {
    MutexLock lock(&mutex_);
    change(&queue_);
    next = queue_.TakeNext();
    if (queue_.broken()) context_.Cancel();
    if (next.send != nullptr) StartWrite(&next.send->response);
    if (next.read) StartRead(&read_);
  }
  // Not under the lock, which may be gone at once.
  if (next.finish.has_value()) {
    const grpc::Status end = ToGrpcStatus(*next.finish);
    parts_.calls->of(Method::kRetrieveStream)->Count(end.error_code());
    Finish(end);
  }
  return next.admit;
}

template <typename Change>
void RetrieveStreamCall::StepAndSchedule(Change change) {
  const std::shared_ptr<Exchange> admit = Step(std::move(change));
  if (admit != nullptr) parts_.blocking_calls->Schedule([this, admit] { Admit(admit); });
}

void RetrieveStreamCall::OnReadDone(bool ok) {
  Admit(Step([&](ExchangeQueue* queue) { queue->ReadDone(ok); }));
}

void RetrieveStreamCall::OnWriteDone(bool ok) {
  StepAndSchedule([&](ExchangeQueue* queue) { queue->Sent(ok); });
}

void RetrieveStreamCall::Admit(std::shared_ptr<Exchange> exchange) {
  while (exchange != nullptr) {
    absl::Status status;
    bool held = !exchange->alone && !HasRoom();
    if (!held) {
      status = Submit(exchange);
      held = !exchange->alone && IsRetryable(status);
    }
    if (!held) {
      request_.reset();
      read_.Clear();
    }
    exchange = Step([&](ExchangeQueue* queue) {
      if (held) return queue->Held();
      status.ok() ? queue->Admitted() : queue->Refused(status);
    });
  }
}

bool RetrieveStreamCall::HasRoom() const {
  if (!request_.has_value()) return true;  // Not known before it is parsed.
  const int64_t capacity = parts_.capabilities.limits().queue_capacity();
  return request_->queries().rows() <= capacity - parts_.engine->queued();
}

absl::Status RetrieveStreamCall::Submit(const std::shared_ptr<Exchange>& exchange) {
  const auto bytes = static_cast<int64_t>(read_.Length());
  ENGRAM_RETURN_IF_ERROR(parts_.gate->Enter(bytes));
  absl::Status status;
  if (!request_.has_value()) status = ParseMessage(read_, &request_.emplace());
  if (status.ok()) {
    status = SubmitRetrieve(parts_, *request_, context_,
                            [this, exchange, bytes](absl::StatusOr<grpc::ByteBuffer> response) {
                              Answer(exchange.get(), bytes, std::move(response));
                            });
  }
  if (!status.ok()) parts_.gate->Leave(bytes);
  return status;
}

void RetrieveStreamCall::Answer(Exchange* exchange, int64_t request_bytes,
                                absl::StatusOr<grpc::ByteBuffer> response) {
  StepAndSchedule([&](ExchangeQueue* queue) {
    parts_.gate->Leave(request_bytes);
    queue->Answered(exchange, std::move(response));
  });
}

}  // namespace engram
