#ifndef ENGRAM_CLIENT_INTERNAL_GRPC_STREAM_H_
#define ENGRAM_CLIENT_INTERNAL_GRPC_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "engram/connection.h"
#include "engram/internal/grpc_status.h"
#include "engram/internal/idle_timer.h"
#include "engram/stream.h"

namespace engram::internal {

// A Stream over gRPC.
template <typename Request, typename Response>
class GrpcStream : public Stream<Request, Response> {
 public:
  using ReaderWriter = grpc::ClientReaderWriter<Request, Response>;

  // `open` begins the call with the context that it is given; `channel` is the one that it uses.
  template <typename Open>
  GrpcStream(ConnectionOptions options, std::shared_ptr<grpc::Channel> channel, const Open& open)
      : options_(std::move(options)),
        channel_(std::move(channel)),
        stream_(open(&context_)),
        timer_(options_.timeout, [this] { context_.TryCancel(); }) {}

  ~GrpcStream() override {
    if (is_finished_) return;
    context_.TryCancel();
    (void)Finish();  // Nobody asked.
  }

  bool Write(const Request& request) override {
    const IdleTimer::Wait wait(&timer_);
    return stream_->Write(request);
  }

  void WritesDone() override {
    if (!std::exchange(writes_done_, true)) stream_->WritesDone();
  }

  bool Read(Response* response) override {
    const IdleTimer::Wait wait(&timer_);
    return stream_->Read(response);
  }

  void Cancel() override { context_.TryCancel(); }

  absl::Status Finish() override {
    is_finished_ = true;
    WritesDone();
    // The status comes after the last message, so that gRPC holds it back until all have been read.
    for (Response unread; Read(&unread);) {
    }
    const grpc::Status status = stream_->Finish();
    return timer_.has_fired() ? IdleError(options_) : ToStatus(status, options_);
  }

 private:
  const ConnectionOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  const std::unique_ptr<ReaderWriter> stream_;
  IdleTimer timer_;
  bool writes_done_ = false;
  bool is_finished_ = false;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_GRPC_STREAM_H_
