#ifndef ENGRAM_SERVER_EXCHANGE_QUEUE_H_
#define ENGRAM_SERVER_EXCHANGE_QUEUE_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace engram {

// A request of a stream and, later, its response.
struct Exchange {
  // It is the only one of its stream: if there is no room for it now, waiting for the others makes none.
  bool alone = false;
  bool answered = false;
  absl::Status status;        // Once answered.
  grpc::ByteBuffer response;  // If status is OK.
};

// Decides what comes next on a stream whose requests are answered while others are read, and whose responses
// are sent in the order of the requests. Knows neither threads nor gRPC's calls: it is told what happened and
// tells what to start. Not thread-safe.
class ExchangeQueue {
 public:
  // What is to be started now.
  struct Next {
    bool read = false;
    // Submit the request that was read as this; Admitted, Held or Refused follows.
    std::shared_ptr<Exchange> admit;
    std::shared_ptr<Exchange> send;  // Its response; Sent follows.
    // The stream ends with this, and nothing is ever started again. A read may still be under way.
    std::optional<absl::Status> finish;
  };

  // No more is read or submitted while there are `max_exchanges`, or while responses of `max_unsent_bytes`
  // wait to be sent.
  ExchangeQueue(int64_t max_exchanges, int64_t max_unsent_bytes)
      : max_exchanges_(max_exchanges), max_unsent_bytes_(max_unsent_bytes) {}

  // What happened. A request came, or the client sends no more.
  void ReadDone(bool ok);
  // The request was submitted; Answered follows, or came before.
  void Admitted();
  // There was no room for the request; it is tried again once something has become free. REQUIRES: not alone.
  void Held();
  // The request has failed.
  void Refused(const absl::Status& status);
  // The response has come.
  void Answered(Exchange* exchange, absl::StatusOr<grpc::ByteBuffer> response);
  // The first response was sent, or cannot be.
  void Sent(bool ok);

  // Called after each of these, and first of all.
  Next TakeNext();

  // Whether the stream is about to end with an error: what is submitted is not wanted any more.
  bool broken() const { return end_.has_value() && !end_->ok(); }

 private:
  bool is_full() const { return unsent_bytes_ >= max_unsent_bytes_; }
  void Push(Next* next);

  const int64_t max_exchanges_;
  const int64_t max_unsent_bytes_;
  std::deque<std::shared_ptr<Exchange>> exchanges_;  // Not sent yet, in order.
  int64_t in_engine_ = 0;
  int64_t unsent_bytes_ = 0;
  bool reading_ = false;
  bool sending_ = false;
  bool admitting_ = false;
  bool pending_ = false;      // There is a request that is not submitted yet.
  bool room_ = false;         // It was not tried yet, or something has become free since.
  bool half_closed_ = false;  // The client sends no more.
  bool failed_ = false;       // One of exchanges_ has: those behind it are not wanted.
  bool finished_ = false;
  std::optional<absl::Status> end_;  // What the stream is about to end with.
};

}  // namespace engram

#endif  // ENGRAM_SERVER_EXCHANGE_QUEUE_H_
