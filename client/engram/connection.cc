#include "engram/connection.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "engram/v1/associative_memory.grpc.pb.h"
#include "engram/v1/error.pb.h"
#include "engram/v1/health.pb.h"

namespace engram {
namespace {

// Calls that may be repeated without harm; gRPC retries them by the channel's service config.
constexpr const char* kIdempotentMethods[] = {"GetBank",  "ListBanks", "GetPatterns",
                                              "Retrieve", "Energy",    "GetCapabilities"};
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

absl::Status ToStatus(const grpc::Status& status, const ConnectionOptions& options) {
  if (status.ok()) return absl::OkStatus();
  std::string text = status.error_message();
  if (absl::StrContains(text, "larger than max")) {
    absl::StrAppend(&text, "; the message limit is ", options.max_message_bytes,
                    " bytes here and --max-message-bytes at the server: send or ask for less, or raise both");
  } else if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    absl::StrAppend(&text, " (server ", options.target, ")");
  }
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), text);  // The same numbers.
  v1::ErrorStatus details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& any : details.details()) {
      result.SetPayload(any.type_url(), absl::Cord(any.value()));
    }
  }
  return result;
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
  absl::StatusOr<v1::DeleteBankResponse> DeleteBank(const v1::DeleteBankRequest& request) override {
    return Call(&Stub::DeleteBank, request);
  }
  absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request) override {
    return Call(&Stub::Store, request);
  }
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest& request) override {
    return Call(&Stub::GetPatterns, request);
  }
  absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(
      const v1::DeletePatternsRequest& request) override {
    return Call(&Stub::DeletePatterns, request);
  }
  absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) override {
    return Call(&Stub::Retrieve, request);
  }
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest& request) override {
    return Call(&Stub::Energy, request);
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
