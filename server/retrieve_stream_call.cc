#include "server/retrieve_stream_call.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/grpc_status.h"
#include "server/message_bytes.h"
#include "server/submit_retrieve.h"

namespace engram {
namespace {

// There is no room now, but there will be.
bool IsRetryable(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kResourceExhausted) return false;
  const std::optional<ErrorDetails> details = FindErrorDetails(status);
  return details.has_value() && details->retry_delay > absl::ZeroDuration();
}

}  // namespace

RetrieveStreamCall::RetrieveStreamCall(grpc::CallbackServerContext* context, const ServiceParts* parts)
    : context_(*context), parts_(*parts) {
  MutexLock lock(&mutex_);
  Advance();
}

void RetrieveStreamCall::OnReadDone(bool ok) {
  {
    MutexLock lock(&mutex_);
    reading_ = false;
    admitting_ = ok;
    half_closed_ = !ok;
  }
  if (ok) Admit();
  std::optional<absl::Status> end;
  {
    MutexLock lock(&mutex_);
    admitting_ = false;
    end = Advance();
  }
  FinishIf(end);
}

void RetrieveStreamCall::Admit() {
  while (true) {
    const auto exchange = std::make_shared<Exchange>();
    bool alone = false;
    {
      MutexLock lock(&mutex_);
      alone = exchanges_.empty();
      room_ = held_ = false;
      exchanges_.push_back(exchange);
      ++in_engine_;
    }
    const absl::Status status = Submit(exchange);
    if (status.ok()) return;
    MutexLock lock(&mutex_);
    --in_engine_;
    if (alone || !IsRetryable(status)) {
      exchange->status = status;
      exchange->answered = failed_ = true;
      return;
    }
    if (exchange->inside) parts_.gate->Leave(exchange->request_bytes);
    exchanges_.pop_back();
    // Unless all have been sent meanwhile, the next of them tries again.
    held_ = !exchanges_.empty();
    if (held_) return;
  }
}

absl::Status RetrieveStreamCall::Submit(const std::shared_ptr<Exchange>& exchange) {
  exchange->request_bytes = static_cast<int64_t>(read_.Length());
  ENGRAM_RETURN_IF_ERROR(parts_.gate->Enter(exchange->request_bytes));
  exchange->inside = true;
  v1::RetrieveRequest request;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(read_, &request));
  return SubmitRetrieve(
      parts_, request, context_,
      [this, exchange](const absl::StatusOr<v1::RetrieveResponse>& response) { Answer(exchange, response); });
}

void RetrieveStreamCall::Answer(const std::shared_ptr<Exchange>& exchange,
                                const absl::StatusOr<v1::RetrieveResponse>& response) {
  absl::Status status = response.status();
  if (status.ok()) {
    const grpc::Status serialized = SerializeMessage(*response, &exchange->response);
    if (!serialized.ok()) status = absl::InternalError(serialized.error_message());
  }
  std::optional<absl::Status> end;
  {
    MutexLock lock(&mutex_);
    --in_engine_;
    room_ = true;
    exchange->status = status;
    exchange->answered = true;
    failed_ = failed_ || !status.ok();
    end = Advance();
  }
  FinishIf(end);
}

void RetrieveStreamCall::OnWriteDone(bool ok) {
  std::optional<absl::Status> end;
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    room_ = true;
    parts_.gate->Leave(exchanges_.front()->request_bytes);
    exchanges_.pop_front();
    if (!ok) Fail(CallCancelled());
    end = Advance();
  }
  FinishIf(end);
}

void RetrieveStreamCall::Fail(const absl::Status& status) {
  end_ = status;
  context_.Cancel();  // What is in the engine is not wanted any more.
}

std::optional<absl::Status> RetrieveStreamCall::Advance() {
  if (!end_.has_value() && !writing_ && !exchanges_.empty() && exchanges_.front()->answered) {
    const Exchange& first = *exchanges_.front();
    if (first.status.ok()) {
      writing_ = true;
      StartWrite(&first.response);
    } else {
      Fail(first.status);
    }
  }
  const bool idle = !admitting_ && !held_;
  if (!end_.has_value() && half_closed_ && idle && exchanges_.empty()) end_ = absl::OkStatus();
  if (end_.has_value()) {
    if (writing_ || admitting_ || in_engine_ > 0 || finished_) return std::nullopt;
    finished_ = true;
    return end_;
  }
  if (held_ && room_ && !admitting_ && !failed_) {
    admitting_ = true;
    // Not here: this may be a thread of the engine.
    parts_.blocking_calls->Schedule([this] {
      Admit();
      std::optional<absl::Status> end;
      {
        MutexLock lock(&mutex_);
        admitting_ = false;
        end = Advance();
      }
      FinishIf(end);
    });
  }
  const bool has_room = static_cast<int64_t>(exchanges_.size()) < Limits::kMaxStreamRequests;
  if (idle && has_room && !reading_ && !half_closed_ && !failed_) {
    reading_ = true;
    StartRead(&read_);
  }
  return std::nullopt;
}

void RetrieveStreamCall::FinishIf(const std::optional<absl::Status>& end) {
  if (end.has_value()) Finish(ToGrpcStatus(*end));
}

void RetrieveStreamCall::OnDone() {
  {
    MutexLock lock(&mutex_);
    for (const std::shared_ptr<Exchange>& exchange : exchanges_) {
      if (exchange->inside) parts_.gate->Leave(exchange->request_bytes);
    }
  }
  delete this;
}

}  // namespace engram
