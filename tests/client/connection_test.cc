// A connection against a gRPC server in the same process that fails on demand.

#include "engram/connection.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "engram/v1/associative_memory.grpc.pb.h"

namespace engram {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
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
  // Number of messages of what answers with a stream.
  void set_message_count(int count) { message_count_ = count; }
  // How long each of them takes.
  void set_message_delay(absl::Duration delay) { message_delay_ms_ = absl::ToInt64Milliseconds(delay); }
  // Blocks until a call with a stream was cancelled.
  void WaitForCancel() { cancelled_.WaitForNotification(); }

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
  Reactor* UpdateBank(Context* context, const v1::UpdateBankRequest*, v1::UpdateBankResponse*) override {
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
  Reactor* Differentiate(Context* context, const v1::DifferentiateRequest*,
                         v1::DifferentiateResponse*) override {
    return Next(context);
  }
  grpc::ServerWriteReactor<v1::ScanPatternsResponse>* ScanPatterns(Context*,
                                                                   const v1::ScanPatternsRequest*) override {
    return new Answers<v1::ScanPatternsResponse>(this);
  }
  grpc::ServerWriteReactor<v1::RecallResponse>* Recall(Context*, const v1::RecallRequest*) override {
    return new Answers<v1::RecallResponse>(this);
  }
  grpc::ServerWriteReactor<v1::ReportSeparationResponse>* ReportSeparation(
      Context*, const v1::ReportSeparationRequest*) override {
    return new Answers<v1::ReportSeparationResponse>(this);
  }
  grpc::ServerWriteReactor<v1::CreateSnapshotResponse>* CreateSnapshot(
      Context*, const v1::CreateSnapshotRequest*) override {
    return new Answers<v1::CreateSnapshotResponse>(this);
  }
  Reactor* GetSnapshot(Context* context, const v1::GetSnapshotRequest*, v1::GetSnapshotResponse*) override {
    return Next(context);
  }
  Reactor* ListSnapshots(Context* context, const v1::ListSnapshotsRequest*,
                         v1::ListSnapshotsResponse*) override {
    return Next(context);
  }
  grpc::ServerWriteReactor<v1::VerifySnapshotResponse>* VerifySnapshot(
      Context*, const v1::VerifySnapshotRequest*) override {
    return new Answers<v1::VerifySnapshotResponse>(this);
  }
  grpc::ServerWriteReactor<v1::RestoreBankResponse>* RestoreBank(Context*,
                                                                 const v1::RestoreBankRequest*) override {
    return new Answers<v1::RestoreBankResponse>(this);
  }
  Reactor* DeleteSnapshot(Context* context, const v1::DeleteSnapshotRequest*,
                          v1::DeleteSnapshotResponse*) override {
    return Next(context);
  }
  grpc::ServerBidiReactor<v1::RetrieveRequest, v1::RetrieveResponse>* RetrieveStream(Context*) override {
    return new RetrieveEcho(this);
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

  // Writes message_count_ messages, or fails before the first.
  template <typename Response>
  class Answers : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Answers(FlakyService* service) : service_(service) {
      if (service->calls_.fetch_add(1) < service->failures_) {
        this->Finish(grpc::Status(service->code_, "not now"));
      } else {
        OnWriteDone(true);
      }
    }
    void OnWriteDone(bool ok) override {
      if (!ok || written_ == service_->message_count_) {
        this->Finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED);
        return;
      }
      absl::SleepFor(absl::Milliseconds(service_->message_delay_ms_.load()));
      SetNumber(++written_, &response_);
      this->StartWrite(&response_);
    }
    void OnCancel() override { service_->cancelled_.Notify(); }
    void OnDone() override { delete this; }

   private:
    FlakyService* const service_;
    int written_ = 0;
    Response response_;
  };
  static void SetNumber(int number, v1::ScanPatternsResponse* response) { response->set_version(number); }
  static void SetNumber(int number, v1::RecallResponse* response) { response->set_version(number); }
  static void SetNumber(int number, v1::ReportSeparationResponse* response) {
    response->set_done_count(number);
  }
  template <typename Response>
  static void SetNumber(int number, Response* response) {
    response->mutable_progress()->set_done_bytes(number);
  }

  // Answers each request with its max_support as the version; refuses 13.
  class RetrieveEcho : public grpc::ServerBidiReactor<v1::RetrieveRequest, v1::RetrieveResponse> {
   public:
    explicit RetrieveEcho(FlakyService* service) : service_(service) { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      if (request_.max_support() == 13)
        return Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "no such bank"));
      response_.set_version(request_.max_support());
      StartWrite(&response_);
    }
    void OnWriteDone(bool) override { StartRead(&request_); }
    void OnCancel() override { service_->cancelled_.Notify(); }
    void OnDone() override { delete this; }

   private:
    FlakyService* const service_;
    v1::RetrieveRequest request_;
    v1::RetrieveResponse response_;
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
  std::atomic<int> message_count_{3};
  std::atomic<int64_t> message_delay_ms_{0};
  std::atomic<bool> held_{false};
  absl::Notification cancelled_;
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
        Rpc{"UpdateBank", true, [](Connection* c) { return c->UpdateBank({}).status(); }},
        Rpc{"DeleteBank", false, [](Connection* c) { return c->DeleteBank({}).status(); }},
        Rpc{"Store", false, [](Connection* c) { return c->Store({}).status(); }},
        Rpc{"GetPatterns", true, [](Connection* c) { return c->GetPatterns({}).status(); }},
        Rpc{"DeletePatterns", false, [](Connection* c) { return c->DeletePatterns({}).status(); }},
        Rpc{"Retrieve", true, [](Connection* c) { return c->Retrieve({}).status(); }},
        Rpc{"Energy", true, [](Connection* c) { return c->Energy({}).status(); }},
        Rpc{"Differentiate", true, [](Connection* c) { return c->Differentiate({}).status(); }},
        Rpc{"ScanPatterns", false,  // Client resumes it.
            [](Connection* c) { return c->ScanPatterns({}, [](const auto&) { return true; }); }},
        Rpc{"Recall", true, [](Connection* c) { return c->Recall({}, [](const auto&) { return true; }); }},
        Rpc{"ReportSeparation", true,
            [](Connection* c) { return c->ReportSeparation({}, [](const auto&) { return true; }); }},
        Rpc{"CreateSnapshot", false,
            [](Connection* c) { return c->CreateSnapshot({}, [](const auto&) { return true; }); }},
        Rpc{"GetSnapshot", true, [](Connection* c) { return c->GetSnapshot({}).status(); }},
        Rpc{"ListSnapshots", true, [](Connection* c) { return c->ListSnapshots({}).status(); }},
        Rpc{"VerifySnapshot", true,
            [](Connection* c) { return c->VerifySnapshot({}, [](const auto&) { return true; }); }},
        Rpc{"RestoreBank", false,
            [](Connection* c) { return c->RestoreBank({}, [](const auto&) { return true; }); }},
        Rpc{"DeleteSnapshot", false, [](Connection* c) { return c->DeleteSnapshot({}).status(); }},
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

TEST_F(ConnectionTest, AStreamMayTakeLongerThanTheTimeoutAsLongAsMessagesCome) {
  options_.timeout = absl::Seconds(1);
  service_.set_message_count(8);
  service_.set_message_delay(absl::Milliseconds(150));
  int messages = 0;
  const absl::Status status =
      MakeConnection(options_)->Recall({}, [&](const v1::RecallResponse&) { return ++messages > 0; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(messages, 8);
}

TEST_F(ConnectionTest, TheTimeThatAReaderTakesIsNotTheServers) {
  options_.timeout = absl::Milliseconds(200);
  const absl::Status status = MakeConnection(options_)->Recall({}, [&](const v1::RecallResponse&) {
    absl::SleepFor(absl::Milliseconds(300));
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ConnectionTest, AStreamWithoutMessagesForTheTimeoutIsDeadlineExceeded) {
  options_.timeout = absl::Milliseconds(50);
  const std::unique_ptr<RetrieveStream> stream = MakeConnection(options_)->RetrieveStream();
  v1::RetrieveResponse response;
  EXPECT_FALSE(stream->Read(&response));  // Nothing was asked.
  const absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("50ms"), HasSubstr(options_.target)));
  service_.WaitForCancel();
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

TEST_F(ConnectionTest, MessagesOfAStreamComeInOrder) {
  std::vector<int64_t> versions;
  const absl::Status status =
      MakeConnection(options_)->ScanPatterns({}, [&](const v1::ScanPatternsResponse& message) {
        versions.push_back(message.version());
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(versions, ElementsAre(1, 2, 3));
}

TEST_F(ConnectionTest, AStreamThatIsStoppedIsCancelledAndFine) {
  service_.set_message_count(std::numeric_limits<int>::max());
  int messages = 0;
  const absl::Status status =
      MakeConnection(options_)->Recall({}, [&](const v1::RecallResponse&) { return ++messages < 2; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(messages, 2);
  service_.WaitForCancel();
}

v1::RetrieveRequest Numbered(int64_t number) {
  v1::RetrieveRequest request;
  request.set_max_support(number);
  return request;
}

TEST_F(ConnectionTest, RequestsOnAStreamArePipelinedAndAnsweredInOrder) {
  const std::unique_ptr<RetrieveStream> stream = MakeConnection(options_)->RetrieveStream();
  for (int number = 1; number <= 5; ++number) EXPECT_TRUE(stream->Write(Numbered(number)));
  stream->WritesDone();
  v1::RetrieveResponse response;
  for (int number = 1; number <= 5; ++number) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.version(), number);
  }
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ConnectionTest, AStreamEndsWithTheErrorOfARequestAfterTheResponsesBeforeIt) {
  const std::unique_ptr<RetrieveStream> stream = MakeConnection(options_)->RetrieveStream();
  EXPECT_TRUE(stream->Write(Numbered(1)));
  EXPECT_TRUE(stream->Write(Numbered(13)));
  v1::RetrieveResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_FALSE(stream->Read(&response));
  while (stream->Write(Numbered(2))) {
  }
  EXPECT_EQ(stream->Finish(), absl::NotFoundError("no such bank"));
}

TEST_F(ConnectionTest, FinishDropsResponsesThatWereNotRead) {
  const std::unique_ptr<RetrieveStream> stream = MakeConnection(options_)->RetrieveStream();
  for (int number = 1; number <= 3; ++number) EXPECT_TRUE(stream->Write(Numbered(number)));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ConnectionTest, ACancelledStreamIsCancelled) {
  const std::unique_ptr<RetrieveStream> stream = MakeConnection(options_)->RetrieveStream();
  EXPECT_TRUE(stream->Write(Numbered(1)));
  stream->Cancel();
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kCancelled);
  service_.WaitForCancel();
}

TEST_F(ConnectionTest, AStreamThatIsForgottenIsCancelled) {
  MakeConnection(options_)->RetrieveStream()->Write(Numbered(1));
  service_.WaitForCancel();
}

TEST_F(ConnectionTest, TheLimitIsTheOneGiven) {
  EXPECT_EQ(MakeConnection(options_)->max_message_bytes(), int64_t{64} << 20);
}

}  // namespace
}  // namespace engram
