#ifndef ENGRAM_BENCH_RPC_LOAD_H_
#define ENGRAM_BENCH_RPC_LOAD_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace engram::bench {

// A unary method of a server with requests to send to it.
class Target {
 public:
  virtual ~Target() = default;
  // Sends request i, modulo their number, and waits for the response. Thread-safe.
  virtual grpc::Status Call(int64_t i) = 0;
  // The same, but returns at once; `done` is called on a thread of gRPC. Thread-safe.
  virtual void Start(int64_t i, std::function<void(const grpc::Status&)> done) = 0;
};

// A Target over the generated stub of Service.
template <typename Service, typename Request, typename Response>
class StubTarget : public Target {
 public:
  using Stub = typename Service::Stub;
  using AsyncStub = typename Service::StubInterface::async_interface;
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);
  using AsyncMethod = void (AsyncStub::*)(grpc::ClientContext*, const Request*, Response*,
                                          std::function<void(grpc::Status)>);

  // `stub` must outlive this. REQUIRES: requests is not empty.
  StubTarget(Stub* stub, Method method, AsyncMethod async_method, std::vector<Request> requests)
      : stub_(stub), method_(method), async_method_(async_method), requests_(std::move(requests)) {}

  grpc::Status Call(int64_t i) override {
    grpc::ClientContext context;
    Response response;
    return (stub_->*method_)(&context, RequestFor(i), &response);
  }

  void Start(int64_t i, std::function<void(const grpc::Status&)> done) override {
    struct Exchange {
      grpc::ClientContext context;
      Response response;
    };
    auto exchange = std::make_shared<Exchange>();
    (stub_->async()->*async_method_)(
        &exchange->context, &RequestFor(i), &exchange->response,
        [exchange, done = std::move(done)](const grpc::Status& status) { done(status); });
  }

 private:
  const Request& RequestFor(int64_t i) const { return requests_[i % requests_.size()]; }

  Stub* const stub_;
  const Method method_;
  const AsyncMethod async_method_;
  const std::vector<Request> requests_;
};

// What a load saw.
struct LoadResult {
  grpc::Status status;     // The first error; it ends the load.
  int64_t call_count = 0;  // The warm-up included.
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// Calls one after the other for `duration`, after a tenth of it as warm-up.
LoadResult RunSequentially(Target* target, absl::Duration duration);

// Makes `count` calls one after the other, after a tenth as many as warm-up.
LoadResult RunCalls(Target* target, int count);

// Keeps `in_flight` calls in flight for `duration`, after a tenth of it as warm-up.
LoadResult RunInFlight(Target* target, int in_flight, absl::Duration duration);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_RPC_LOAD_H_
