// The RPCs on snapshots through a gRPC server in this process: how their calls begin, go on and end.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "core/base/error.h"
#include "engram/v1/associative_memory.grpc.pb.h"
#include "server/associative_memory_service.h"
#include "tests/server/fake_snapshot_store.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kBackups = v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY;

// Stands still but for what a test adds.
class FakeClock : public Clock {
 public:
  absl::Time Now() const override {
    return absl::FromUnixMillis(1'795'342'500'000) + absl::Milliseconds(milliseconds_.load());
  }
  void Advance(absl::Duration duration) { milliseconds_ += absl::ToInt64Milliseconds(duration); }

 private:
  std::atomic<int64_t> milliseconds_{0};
};

class SnapshotServiceTest : public ::testing::Test {
 protected:
  void SetUp() override { Serve({&snapshots_, &backups_}); }
  void TearDown() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  void Serve(const SnapshotPlaces& places) {
    if (server_ != nullptr) TearDown();
    ServiceParts parts{&banks_,          &budget_, &journal_, places,  /*engine=*/nullptr,         &uploads_,
                       &blocking_calls_, &gate_,   &calls_,   &clock_, Limits{int64_t{1} << 20, 1}};
    parts.on_bank_change = [](const std::string&) {};
    service_ = std::make_unique<AssociativeMemoryService>(std::move(parts));
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::AssociativeMemory::NewStub(server_->InProcessChannel(grpc::ChannelArguments()));
  }

  // Reads a stream to its end; the last message is in `last`.
  template <typename Response>
  grpc::Status ReadAll(std::unique_ptr<grpc::ClientReader<Response>> reader, Response* last) {
    Response message;
    while (reader->Read(&message)) *last = message;
    return reader->Finish();
  }

  grpc::Status Create(const std::string& name, v1::SnapshotPlace place, v1::Snapshot* snapshot) {
    grpc::ClientContext context;
    v1::CreateSnapshotRequest request;
    request.set_name(name);
    request.set_place(place);
    v1::CreateSnapshotResponse last;
    const grpc::Status status = ReadAll(stub_->CreateSnapshot(&context, request), &last);
    *snapshot = last.snapshot();
    return status;
  }
  grpc::Status Create(const std::string& name, v1::SnapshotPlace place = v1::SNAPSHOT_PLACE_UNSPECIFIED) {
    v1::Snapshot snapshot;
    return Create(name, place, &snapshot);
  }

  grpc::Status Verify(const std::string& name, v1::VerifySnapshotResponse* last) {
    grpc::ClientContext context;
    v1::VerifySnapshotRequest request;
    request.set_name(name);
    return ReadAll(stub_->VerifySnapshot(&context, request), last);
  }

  grpc::Status Restore(const std::string& snapshot, const std::string& bank) {
    grpc::ClientContext context;
    v1::RestoreBankRequest request;
    request.set_snapshot(snapshot);
    request.set_bank(bank);
    v1::RestoreBankResponse last;
    return ReadAll(stub_->RestoreBank(&context, request), &last);
  }

  // Calls GetSnapshot, ListSnapshots and DeleteSnapshot.
  std::vector<grpc::Status> CallUnary(const std::string& name, v1::SnapshotPlace place) {
    const auto call = [&](auto request, auto response, auto method) {
      grpc::ClientContext context;
      request.set_place(place);
      return (stub_.get()->*method)(&context, request, &response);
    };
    v1::GetSnapshotRequest get;
    get.set_name(name);
    v1::DeleteSnapshotRequest remove;
    remove.set_name(name);
    using Stub = v1::AssociativeMemory::Stub;
    return {call(get, v1::GetSnapshotResponse(), &Stub::GetSnapshot),
            call(v1::ListSnapshotsRequest(), v1::ListSnapshotsResponse(), &Stub::ListSnapshots),
            call(remove, v1::DeleteSnapshotResponse(), &Stub::DeleteSnapshot)};
  }

  int64_t Ended(Method method, grpc::StatusCode code) { return calls_.of(method)->count(code); }

  FakeClock clock_;
  MemoryBudget budget_{int64_t{1} << 30};
  VolatileJournal journal_;
  MemoryBanks banks_{10, {&budget_}, &journal_};
  Uploads uploads_{&budget_, &clock_};
  FakeSnapshotStore snapshots_;
  FakeSnapshotStore backups_;
  CallGate gate_;
  CallCounters calls_;
  ThreadPool blocking_calls_{4};
  std::unique_ptr<AssociativeMemoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AssociativeMemory::Stub> stub_;
};

TEST_F(SnapshotServiceTest, WithoutADirectoryEveryCallIsAPreconditionThatNamesTheOption) {
  Serve({&snapshots_, nullptr});
  std::vector<grpc::Status> ends = CallUnary("s", kBackups);
  ends.push_back(Create("s", kBackups));
  for (const grpc::Status& status : ends) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr("--backup-dir"));
    EXPECT_THAT(status.error_details(), HasSubstr("NO_BACKUP_DIRECTORY"));
  }
  EXPECT_TRUE(Create("s").ok());
  Serve({});
  ends = CallUnary("s", v1::SNAPSHOT_PLACE_UNSPECIFIED);
  ends.push_back(Create("s"));
  v1::VerifySnapshotResponse verified;
  ends.push_back(Verify("s", &verified));
  ends.push_back(Restore("s", "faces"));
  for (const grpc::Status& status : ends) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr("--data-dir"));
    EXPECT_THAT(status.error_details(), HasSubstr("NO_DATA_DIRECTORY"));
  }
}

TEST_F(SnapshotServiceTest, NamesThatCannotBeAreInvalidAndOthersNotFound) {
  v1::VerifySnapshotResponse verified;
  EXPECT_EQ(Create("a/b").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Verify("", &verified).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Restore("", "faces").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Restore("s", "").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CallUnary("../s", kBackups)[0].error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(CallUnary("../s", kBackups)[2].error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Verify("s", &verified).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Restore("s", "faces").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CallUnary("s", kBackups)[0].error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CallUnary("s", kBackups)[2].error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Ended(Method::kVerifySnapshot, grpc::StatusCode::NOT_FOUND), 1);
  EXPECT_EQ(Ended(Method::kRestoreBank, grpc::StatusCode::INVALID_ARGUMENT), 2);
}

TEST_F(SnapshotServiceTest, PlacesAreApart) {
  EXPECT_TRUE(Create("s", kBackups).ok());
  EXPECT_TRUE(backups_.Get("s").ok());
  EXPECT_FALSE(snapshots_.Get("s").ok());
  EXPECT_EQ(Create("s", kBackups).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_TRUE(Create("s").ok());
  EXPECT_TRUE(CallUnary("s", kBackups)[2].ok());
  EXPECT_FALSE(backups_.Get("s").ok());
  EXPECT_TRUE(snapshots_.Get("s").ok());
}

TEST_F(SnapshotServiceTest, ASnapshotWithoutANameIsNamedByItsSecond) {
  v1::Snapshot snapshot;
  for (const char* name : {"20261122-101500", "20261122-101500-2", "20261122-101500-3"}) {
    ASSERT_TRUE(Create("", v1::SNAPSHOT_PLACE_UNSPECIFIED, &snapshot).ok());
    EXPECT_EQ(snapshot.name(), name);
    EXPECT_EQ(snapshot.place(), v1::SNAPSHOT_PLACE_DATA_DIRECTORY);
  }
}

TEST_F(SnapshotServiceTest, FindingsComeInTheLastMessage) {
  ASSERT_TRUE(Create("s").ok());
  v1::VerifySnapshotResponse verified;
  ASSERT_TRUE(Verify("s", &verified).ok());
  EXPECT_TRUE(verified.finished());
  EXPECT_THAT(verified.findings(), ElementsAre());
  snapshots_.findings = {"000012.sst is damaged"};
  ASSERT_TRUE(Verify("s", &verified).ok());
  EXPECT_THAT(verified.findings(), ElementsAre("000012.sst is damaged"));
}

TEST_F(SnapshotServiceTest, ProgressComesWhenTimeHasPassed) {
  absl::Notification read;
  snapshots_.work = [&](const ProgressVisitor& progress) {
    EXPECT_TRUE(progress(1, 10).ok());  // Too early.
    clock_.Advance(absl::Seconds(1));
    EXPECT_TRUE(progress(2, 10).ok());
    EXPECT_TRUE(progress(3, 10).ok());  // Too early again.
    read.WaitForNotification();
    return absl::OkStatus();
  };
  grpc::ClientContext context;
  const auto reader = stub_->CreateSnapshot(&context, v1::CreateSnapshotRequest());
  v1::CreateSnapshotResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.progress().done_bytes(), 2);
  EXPECT_EQ(message.progress().total_bytes(), 10);
  EXPECT_FALSE(message.has_snapshot());
  read.Notify();
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_FALSE(message.has_progress());
  EXPECT_TRUE(message.has_snapshot());
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(Ended(Method::kCreateSnapshot, grpc::StatusCode::OK), 1);
}

TEST_F(SnapshotServiceTest, AClientThatDoesNotReadHoldsUpNothing) {
  absl::Notification worked;
  snapshots_.work = [&](const ProgressVisitor& progress) {
    for (int i = 0; i < 1000; ++i) {
      clock_.Advance(absl::Seconds(1));
      EXPECT_TRUE(progress(i, 1000).ok());
    }
    worked.Notify();
    return absl::OkStatus();
  };
  grpc::ClientContext context;
  v1::CreateSnapshotRequest request;
  request.set_name("s");
  const auto reader = stub_->CreateSnapshot(&context, request);
  worked.WaitForNotification();
  // The call waits for its client, and no longer holds up the end of the server.
  EXPECT_EQ(gate_.CloseAndWait(absl::Minutes(1)), 0);
  EXPECT_TRUE(snapshots_.Get("s").ok());
  context.TryCancel();
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(SnapshotServiceTest, ACancelledCallEndsItsWork) {
  absl::Notification begun;
  absl::Notification ended;
  absl::Status end;
  snapshots_.work = [&](const ProgressVisitor& progress) {
    begun.Notify();
    while (end.ok()) end = progress(1, 10);
    ended.Notify();
    return end;
  };
  grpc::ClientContext context;
  v1::CreateSnapshotRequest request;
  request.set_name("s");
  const auto reader = stub_->CreateSnapshot(&context, request);
  begun.WaitForNotification();
  context.TryCancel();
  ended.WaitForNotification();
  EXPECT_TRUE(absl::IsCancelled(end)) << end;
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(snapshots_.Get("s").ok());
}

TEST_F(SnapshotServiceTest, APassedDeadlineEndsTheWork) {
  const auto end = std::make_shared<absl::Status>();
  snapshots_.work = [this, end](const ProgressVisitor& progress) {
    clock_.Advance(absl::Hours(24 * 365 * 100));
    *end = progress(1, 10);
    return *end;
  };
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  v1::CreateSnapshotResponse last;
  const grpc::Status status = ReadAll(stub_->CreateSnapshot(&context, v1::CreateSnapshotRequest()), &last);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(absl::IsDeadlineExceeded(*end)) << *end;
}

TEST_F(SnapshotServiceTest, ADrainEndsTheWorkAndWaitsForIt) {
  absl::Notification begun;
  std::atomic<bool> ended{false};
  snapshots_.work = [&](const ProgressVisitor& progress) {
    begun.Notify();
    absl::Status status;
    while (status.ok()) status = progress(1, 10);
    ended = true;
    return status;
  };
  grpc::Status end;
  std::thread caller([&] { end = Create("s"); });
  begun.WaitForNotification();
  EXPECT_EQ(gate_.CloseAndWait(absl::Minutes(1)), 0);
  EXPECT_TRUE(ended);
  caller.join();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(end.error_details(), HasSubstr("SHUTTING_DOWN"));
  EXPECT_FALSE(snapshots_.Get("s").ok());
}

TEST_F(SnapshotServiceTest, WhatTheStoreSaysIsTheAnswer) {
  snapshots_.work = [](const ProgressVisitor&) {
    ErrorDetails details;
    details.reason = "DISK_FULL";
    return MakeError(absl::StatusCode::kResourceExhausted, details, "no room");
  };
  const grpc::Status status = Create("s");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "no room");
  EXPECT_THAT(status.error_details(), HasSubstr("DISK_FULL"));
}

}  // namespace
}  // namespace engram
