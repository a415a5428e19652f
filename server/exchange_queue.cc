#include "server/exchange_queue.h"

#include <utility>

#include "core/engine/call.h"

namespace engram {

void ExchangeQueue::ReadDone(bool ok) {
  reading_ = false;
  pending_ = room_ = ok;
  half_closed_ = !ok;
}

void ExchangeQueue::Admitted() { pending_ = admitting_ = false; }

void ExchangeQueue::Held() {
  admitting_ = false;
  --in_engine_;
  exchanges_.pop_back();
}

void ExchangeQueue::Refused(const absl::Status& status) {
  pending_ = admitting_ = false;
  Answered(exchanges_.back().get(), status);
}

void ExchangeQueue::Answered(Exchange* exchange, absl::StatusOr<grpc::ByteBuffer> response) {
  --in_engine_;
  room_ = true;
  exchange->answered = true;
  exchange->status = response.status();
  failed_ = failed_ || !response.ok();
  if (!response.ok()) return;
  exchange->response = *std::move(response);
  unsent_bytes_ += static_cast<int64_t>(exchange->response.Length());
}

void ExchangeQueue::Sent(bool ok) {
  sending_ = false;
  room_ = true;
  unsent_bytes_ -= static_cast<int64_t>(exchanges_.front()->response.Length());
  exchanges_.pop_front();
  if (!ok) end_ = CallCancelled();
}

ExchangeQueue::Next ExchangeQueue::TakeNext() {
  Next next;
  if (!end_.has_value() && !sending_ && !exchanges_.empty() && exchanges_.front()->answered) {
    sending_ = exchanges_.front()->status.ok();
    if (sending_) {
      next.send = exchanges_.front();
    } else {
      end_ = exchanges_.front()->status;
    }
  }
  // A request may still come after another has failed, even after the stream has ended.
  if (end_.has_value() || failed_) pending_ = false;
  const bool idle = !admitting_ && !pending_;
  if (!end_.has_value() && half_closed_ && idle && exchanges_.empty()) end_ = absl::OkStatus();
  if (end_.has_value()) {
    if (sending_ || admitting_ || in_engine_ > 0 || finished_) return next;
    finished_ = true;
    next.finish = end_;
    return next;
  }
  if (pending_ && !admitting_ && (exchanges_.empty() || (room_ && !is_full()))) Push(&next);
  const bool has_room = static_cast<int64_t>(exchanges_.size()) < max_exchanges_ && !is_full();
  if (idle && has_room && !reading_ && !half_closed_ && !failed_) next.read = reading_ = true;
  return next;
}

void ExchangeQueue::Push(Next* next) {
  admitting_ = true;
  room_ = false;
  ++in_engine_;
  next->admit = std::make_shared<Exchange>();
  next->admit->alone = exchanges_.empty();
  exchanges_.push_back(next->admit);
}

}  // namespace engram
