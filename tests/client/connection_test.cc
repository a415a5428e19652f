// A connection against a gRPC server in the same process that fails on demand.

#include "engram/connection.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engram/v1/associative_memory.grpc.pb.h"

namespace engram {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Refuses the first `failures` calls of any method with `code`, and counts all.
class FlakyService : public v1::AssociativeMemory::CallbackService {
 public:
  void Fail(int failures, grpc::StatusCode code) {
    calls_ = 0;
    failures_ = failures;
    code_ = code;
  }
  int calls() const { return calls_; }
  // Size of what GetPatterns returns.
  void set_response_bytes(int bytes) { response_bytes_ = bytes; }
  // From now on calls are not answered before they are cancelled.
  void Hold() { held_ = true; }

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* CreateBank(Context* context, const v1::CreateBankRequest*, v1::CreateBankResponse*) override {
    return Next(context);
  }
  Reactor* GetBank(Context* context, const v1::GetBankRequest*, v1::GetBankResponse*) override {
    return Next(context);
  }
  Reactor* ListBanks(Context* context, const v1::ListBanksRequest*, v1::ListBanksResponse*) override {
    return Next(context);
  }
  Reactor* DeleteBank(Context* context, const v1::DeleteBankRequest*, v1::DeleteBankResponse*) override {
    return Next(context);
  }
  Reactor* Store(Context* context, const v1::StoreRequest*, v1::StoreResponse*) override {
    return Next(context);
  }
  Reactor* GetPatterns(Context* context, const v1::GetPatternsRequest*,
                       v1::GetPatternsResponse* response) override {
    response->add_payloads(std::string(response_bytes_, 'x'));
    return Next(context);
  }
  Reactor* DeletePatterns(Context* context, const v1::DeletePatternsRequest*,
                          v1::DeletePatternsResponse*) override {
    return Next(context);
  }
  Reactor* Retrieve(Context* context, const v1::RetrieveRequest*, v1::RetrieveResponse*) override {
    return Next(context);
  }
  Reactor* Energy(Context* context, const v1::EnergyRequest*, v1::EnergyResponse*) override {
    return Next(context);
  }
  Reactor* GetCapabilities(Context* context, const v1::GetCapabilitiesRequest*,
                           v1::GetCapabilitiesResponse*) override {
    return Next(context);
  }

 private:
  class HeldCall : public Reactor {
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };

  Reactor* Next(Context* context) {
    if (held_) return new HeldCall;
    Reactor* reactor = context->DefaultReactor();
    reactor->Finish(calls_.fetch_add(1) >= failures_ ? grpc::Status::OK : grpc::Status(code_, "not now"));
    return reactor;
  }

  std::atomic<int> calls_{0};
  std::atomic<int> failures_{0};
  std::atomic<int> response_bytes_{0};
  std::atomic<bool> held_{false};
  std::atomic<grpc::StatusCode> code_{grpc::StatusCode::UNAVAILABLE};
};

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(64 << 10);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    options_.target = absl::StrCat("127.0.0.1:", port);
    options_.timeout = absl::Minutes(1);
  }

  FlakyService service_;
  std::unique_ptr<grpc::Server> server_;
  ConnectionOptions options_;
};

struct Rpc {
  const char* name;
  bool idempotent;
  std::function<absl::Status(Connection*)> call;
};

class EveryRpcTest : public ConnectionTest, public ::testing::WithParamInterface<Rpc> {};

TEST_P(EveryRpcTest, IsRetriedWhenUnavailableIfAndOnlyIfIdempotent) {
  service_.Fail(2, grpc::StatusCode::UNAVAILABLE);
  const absl::Status status = GetParam().call(MakeConnection(options_).get());
  if (GetParam().idempotent) {
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(service_.calls(), 3);
  } else {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("not now"), HasSubstr(options_.target)));
    EXPECT_EQ(service_.calls(), 1);
  }
}

TEST_P(EveryRpcTest, IsNotRetriedForOtherErrors) {
  service_.Fail(1, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(GetParam().call(MakeConnection(options_).get()), absl::ResourceExhaustedError("not now"));
  EXPECT_EQ(service_.calls(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    ConnectionTest, EveryRpcTest,
    ::testing::Values(
        Rpc{"CreateBank", false, [](Connection* c) { return c->CreateBank({}).status(); }},
        Rpc{"GetBank", true, [](Connection* c) { return c->GetBank({}).status(); }},
        Rpc{"ListBanks", true, [](Connection* c) { return c->ListBanks({}).status(); }},
        Rpc{"DeleteBank", false, [](Connection* c) { return c->DeleteBank({}).status(); }},
        Rpc{"Store", false, [](Connection* c) { return c->Store({}).status(); }},
        Rpc{"GetPatterns", true, [](Connection* c) { return c->GetPatterns({}).status(); }},
        Rpc{"DeletePatterns", false, [](Connection* c) { return c->DeletePatterns({}).status(); }},
        Rpc{"Retrieve", true, [](Connection* c) { return c->Retrieve({}).status(); }},
        Rpc{"Energy", true, [](Connection* c) { return c->Energy({}).status(); }},
        Rpc{"GetCapabilities", true, [](Connection* c) { return c->GetCapabilities({}).status(); }}),
    [](const ::testing::TestParamInfo<Rpc>& info) { return info.param.name; });

TEST_F(ConnectionTest, RetriesEndWithTheLastAttempt) {
  options_.max_attempts = 2;
  service_.Fail(100, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(MakeConnection(options_)->GetBank({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(service_.calls(), 2);
}

TEST_F(ConnectionTest, OneAttemptMeansNoRetries) {
  options_.max_attempts = 1;
  service_.Fail(1, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(MakeConnection(options_)->GetBank({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(service_.calls(), 1);
}

TEST_F(ConnectionTest, APassedDeadlineIsDeadlineExceeded) {
  options_.timeout = absl::Milliseconds(20);
  service_.Hold();
  EXPECT_EQ(MakeConnection(options_)->GetBank({}).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ConnectionTest, AMessageOverTheClientsLimitNamesLimitAndSetting) {
  options_.max_message_bytes = 1000;
  v1::StoreRequest request;
  request.add_payloads(std::string(2000, 'x'));
  const absl::Status status = MakeConnection(options_)->Store(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("1000 bytes"), HasSubstr("--max-message-bytes")));
  EXPECT_EQ(service_.calls(), 0);
}

TEST_F(ConnectionTest, AMessageOverTheServersLimitNamesTheSetting) {
  v1::StoreRequest request;
  request.add_payloads(std::string(100 << 10, 'x'));
  const absl::Status status = MakeConnection(options_)->Store(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--max-message-bytes"));
}

TEST_F(ConnectionTest, AResponseOverTheClientsLimitNamesTheSetting) {
  options_.max_message_bytes = 1000;
  service_.set_response_bytes(2000);
  const absl::Status status = MakeConnection(options_)->GetPatterns({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--max-message-bytes"));
}

TEST_F(ConnectionTest, ResponsesOverGrpcsDefaultLimitArrive) {
  service_.set_response_bytes(5 << 20);
  EXPECT_TRUE(MakeConnection(options_)->GetPatterns({}).ok());
}

TEST_F(ConnectionTest, HealthIsServingNotServingOrUnknown) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  health->SetServingStatus("bank/awake", true);
  health->SetServingStatus("bank/asleep", false);
  const std::shared_ptr<Connection> connection = MakeConnection(options_);
  EXPECT_TRUE(connection->CheckHealth("").ok());
  EXPECT_TRUE(connection->CheckHealth("bank/awake").ok());
  const absl::Status asleep = connection->CheckHealth("bank/asleep");
  EXPECT_EQ(asleep.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(asleep.message()), AllOf(HasSubstr("bank/asleep"), HasSubstr(options_.target)));
  EXPECT_EQ(connection->CheckHealth("bank/unknown").code(), absl::StatusCode::kNotFound);
}

TEST_F(ConnectionTest, AStoppedServerIsUnavailableAndNamed) {
  options_.max_attempts = 1;
  server_->Shutdown();
  server_.reset();
  const absl::Status status = MakeConnection(options_)->GetBank({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(options_.target));
}

TEST_F(ConnectionTest, TheLimitIsTheOneGiven) {
  EXPECT_EQ(MakeConnection(options_)->max_message_bytes(), int64_t{64} << 20);
}

}  // namespace
}  // namespace engram
