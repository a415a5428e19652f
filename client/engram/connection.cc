#include "engram/connection.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "engram/internal/grpc_status.h"
#include "engram/internal/grpc_stream.h"
#include "engram/internal/idle_timer.h"
#include "engram/v1/associative_memory.grpc.pb.h"
#include "engram/v1/health.pb.h"

namespace engram {
namespace {

using internal::ToStatus;

// Calls that may be repeated without harm; gRPC retries them by the channel's service config, streams until
// their first message. ScanPatterns is not here: Client resumes it.
constexpr const char* kIdempotentMethods[] = {
    "GetBank",       "ListBanks",      "UpdateBank",     "GetPatterns",      "Retrieve",
    "Energy",        "Differentiate",  "Recall",         "ReportSeparation", "GetSnapshot",
    "ListSnapshots", "VerifySnapshot", "GetCapabilities"};
constexpr char kService[] = "engram.v1.AssociativeMemory";
constexpr char kHealthMethod[] = "/grpc.health.v1.Health/Check";

std::string RetryServiceConfig(int max_attempts) {
  const std::string names = absl::StrJoin(kIdempotentMethods, ",", [](std::string* out, const char* method) {
    absl::StrAppend(out, R"({"service":")", kService, R"(","method":")", method, R"("})");
  });
  return absl::StrCat(R"({"methodConfig":[{"name":[)", names, R"(],"retryPolicy":{"maxAttempts":)",
                      max_attempts, R"(,"initialBackoff":"0.1s","maxBackoff":"2s","backoffMultiplier":2,)",
                      R"("retryableStatusCodes":["UNAVAILABLE"]}}]})");
}

std::shared_ptr<grpc::Channel> MakeChannel(const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  const int limit =
      static_cast<int>(std::min<int64_t>(options.max_message_bytes, std::numeric_limits<int>::max()));
  arguments.SetMaxReceiveMessageSize(limit);
  arguments.SetMaxSendMessageSize(limit);
  const int max_attempts = std::clamp(options.max_attempts, 1, 5);
  if (max_attempts > 1) {
    arguments.SetServiceConfigJSON(RetryServiceConfig(max_attempts));
  } else {
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  }
  return grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments);
}

class GrpcConnection : public Connection {
 public:
  explicit GrpcConnection(const ConnectionOptions& options)
      : options_(options),
        channel_(MakeChannel(options)),
        stub_(v1::AssociativeMemory::NewStub(channel_)),
        health_stub_(channel_) {}

  int64_t max_message_bytes() const override { return options_.max_message_bytes; }

  absl::StatusOr<v1::CreateBankResponse> CreateBank(const v1::CreateBankRequest& request) override {
    return Call(&Stub::CreateBank, request);
  }
  absl::StatusOr<v1::GetBankResponse> GetBank(const v1::GetBankRequest& request) override {
    return Call(&Stub::GetBank, request);
  }
  absl::StatusOr<v1::ListBanksResponse> ListBanks(const v1::ListBanksRequest& request) override {
    return Call(&Stub::ListBanks, request);
  }
  absl::StatusOr<v1::UpdateBankResponse> UpdateBank(const v1::UpdateBankRequest& request) override {
    return Call(&Stub::UpdateBank, request);
  }
  absl::StatusOr<v1::DeleteBankResponse> DeleteBank(const v1::DeleteBankRequest& request) override {
    return Call(&Stub::DeleteBank, request);
  }
  absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request) override {
    return Call(&Stub::Store, request);
  }
  std::unique_ptr<BulkStoreStream> BulkStore() override { return Open(&Stub::BulkStore); }
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest& request) override {
    return Call(&Stub::GetPatterns, request);
  }
  absl::Status ScanPatterns(const v1::ScanPatternsRequest& request,
                            const std::function<bool(const v1::ScanPatternsResponse&)>& on_message) override {
    return ReadAll(&Stub::ScanPatterns, request, on_message);
  }
  absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(
      const v1::DeletePatternsRequest& request) override {
    return Call(&Stub::DeletePatterns, request);
  }
  absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) override {
    return Call(&Stub::Retrieve, request);
  }
  std::unique_ptr<engram::RetrieveStream> RetrieveStream() override { return Open(&Stub::RetrieveStream); }
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest& request) override {
    return Call(&Stub::Energy, request);
  }
  absl::StatusOr<v1::DifferentiateResponse> Differentiate(const v1::DifferentiateRequest& request) override {
    return Call(&Stub::Differentiate, request);
  }
  absl::Status Recall(const v1::RecallRequest& request,
                      const std::function<bool(const v1::RecallResponse&)>& on_message) override {
    return ReadAll(&Stub::Recall, request, on_message);
  }
  absl::Status ReportSeparation(
      const v1::ReportSeparationRequest& request,
      const std::function<bool(const v1::ReportSeparationResponse&)>& on_message) override {
    return ReadAll(&Stub::ReportSeparation, request, on_message);
  }
  absl::Status CreateSnapshot(
      const v1::CreateSnapshotRequest& request,
      const std::function<bool(const v1::CreateSnapshotResponse&)>& on_message) override {
    return ReadAll(&Stub::CreateSnapshot, request, on_message);
  }
  absl::StatusOr<v1::GetSnapshotResponse> GetSnapshot(const v1::GetSnapshotRequest& request) override {
    return Call(&Stub::GetSnapshot, request);
  }
  absl::StatusOr<v1::ListSnapshotsResponse> ListSnapshots(const v1::ListSnapshotsRequest& request) override {
    return Call(&Stub::ListSnapshots, request);
  }
  absl::Status VerifySnapshot(
      const v1::VerifySnapshotRequest& request,
      const std::function<bool(const v1::VerifySnapshotResponse&)>& on_message) override {
    return ReadAll(&Stub::VerifySnapshot, request, on_message);
  }
  absl::Status RestoreBank(const v1::RestoreBankRequest& request,
                           const std::function<bool(const v1::RestoreBankResponse&)>& on_message) override {
    return ReadAll(&Stub::RestoreBank, request, on_message);
  }
  absl::StatusOr<v1::DeleteSnapshotResponse> DeleteSnapshot(
      const v1::DeleteSnapshotRequest& request) override {
    return Call(&Stub::DeleteSnapshot, request);
  }
  absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities(
      const v1::GetCapabilitiesRequest& request) override {
    return Call(&Stub::GetCapabilities, request);
  }

  absl::Status CheckHealth(const std::string& service) override {
    v1::HealthCheckRequest request;
    request.set_service(service);
    v1::HealthCheckResponse response;
    grpc::ClientContext context;
    SetDeadline(&context);
    absl::Notification answered;
    grpc::Status status;
    health_stub_.UnaryCall(&context, kHealthMethod, {}, &request, &response, [&](grpc::Status result) {
      status = std::move(result);
      answered.Notify();
    });
    answered.WaitForNotification();
    if (!status.ok()) return ToStatus(status, options_);
    if (response.status() == v1::HealthCheckResponse::SERVING_STATUS_SERVING) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("'", service, "' is not serving (server ", options_.target, ")"));
  }

 private:
  using Stub = v1::AssociativeMemory::Stub;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    SetDeadline(&context);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return ToStatus(status, options_);
    return response;
  }

  template <typename Request, typename Response>
  absl::Status ReadAll(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                     const Request&),
                       const Request& request, const std::function<bool(const Response&)>& on_message) {
    grpc::ClientContext context;
    internal::IdleTimer timer(options_.timeout, [&context] { context.TryCancel(); });
    const std::unique_ptr<grpc::ClientReader<Response>> reader = (stub_.get()->*method)(&context, request);
    const auto read = [&](Response* message) {
      const internal::IdleTimer::Wait wait(&timer);
      return reader->Read(message);
    };
    bool stopped = false;
    for (Response message; read(&message);) {
      if (stopped || on_message(message)) continue;  // What was under way when it was cancelled is dropped.
      stopped = true;
      context.TryCancel();
    }
    const grpc::Status status = reader->Finish();
    if (stopped) return absl::OkStatus();
    return timer.has_fired() ? internal::IdleError(options_) : ToStatus(status, options_);
  }

  template <typename Request, typename Response>
  std::unique_ptr<Stream<Request, Response>> Open(
      std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> (Stub::*method)(grpc::ClientContext*)) {
    return std::make_unique<internal::GrpcStream<Request, Response>>(
        options_, channel_, [&](grpc::ClientContext* open) { return (stub_.get()->*method)(open); });
  }

  void SetDeadline(grpc::ClientContext* context) const {
    if (options_.timeout < absl::InfiniteDuration()) {
      context->set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
    }
  }

  const ConnectionOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<Stub> stub_;
  grpc::TemplatedGenericStub<v1::HealthCheckRequest, v1::HealthCheckResponse> health_stub_;
};

}  // namespace

std::shared_ptr<Connection> MakeConnection(const ConnectionOptions& options) {
  return std::make_shared<GrpcConnection>(options);
}

}  // namespace engram
