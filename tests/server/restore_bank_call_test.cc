// RestoreBank through a gRPC server in this process, from a journal on disk.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/storage/rocks_journal.h"
#include "engram/v1/associative_memory.grpc.pb.h"
#include "server/associative_memory_service.h"

namespace engram {
namespace {

using ::testing::ElementsAre;

class RestoreBankCallTest : public ::testing::Test {
 protected:
  // A snapshot "s" of a bank "faces", which is gone.
  void SetUp() override {
    folder_ = ::testing::TempDir() + "restore_bank_call_test";
    std::filesystem::remove_all(folder_);
    RocksJournalOptions options;
    options.data_dir = folder_;
    options.log = [](LogLevel, const std::string&) {};
    options.min_free_bytes = 0;
    journal_ = *RocksJournal::Open(options);
    banks_ = std::make_unique<MemoryBanks>(10, BankMemory{&budget_}, journal_.get());
    BankSettings settings;
    settings.name = "faces";
    settings.dim = 2;
    settings.durability = Durability::kSynced;
    const std::vector<float> rows = {1, 2, 3, 4};
    const std::vector<uint64_t> ids = {7, 9};
    const auto bank = banks_->Create(settings);
    ASSERT_TRUE(bank.ok()) << bank.status();
    ASSERT_TRUE((*bank)->Store({ids, {rows.data(), 2, 2}, {}, {}}).ok());
    const auto snapshot =
        journal_->snapshots()->Create("s", [](int64_t, int64_t) { return absl::OkStatus(); });
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    ASSERT_TRUE(banks_->Delete("faces").ok());
    Serve();
  }
  void TearDown() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    banks_ = nullptr;
    journal_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  void Serve() {
    ServiceParts parts{banks_.get(),
                       &budget_,
                       journal_.get(),
                       {journal_->snapshots(), nullptr},
                       nullptr,
                       &uploads_,
                       &blocking_calls_,
                       &gate_,
                       &calls_,
                       &clock_,
                       Limits{int64_t{1} << 20, 1}};
    parts.on_bank_change = [this](const std::string& bank) {
      changes_.push_back(banks_->FindEntry(bank).ok() ? StateName(banks_->FindEntry(bank)->state) : "gone");
      on_change_();
    };
    service_ = std::make_unique<AssociativeMemoryService>(std::move(parts));
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::AssociativeMemory::NewStub(server_->InProcessChannel(grpc::ChannelArguments()));
  }

  static std::string StateName(BankEntry::State state) {
    return state == BankEntry::State::kServing   ? "serving"
           : state == BankEntry::State::kLoading ? "loading"
                                                 : "quarantined";
  }

  grpc::Status Restore(const std::string& bank, const std::string& new_name, v1::Bank* restored) {
    grpc::ClientContext context;
    v1::RestoreBankRequest request;
    request.set_snapshot("s");
    request.set_bank(bank);
    request.set_new_name(new_name);
    const auto reader = stub_->RestoreBank(&context, request);
    v1::RestoreBankResponse message;
    while (reader->Read(&message)) *restored = message.bank();
    return reader->Finish();
  }

  std::string folder_;
  SystemClock clock_;
  MemoryBudget budget_{int64_t{1} << 30};
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<MemoryBanks> banks_;
  Uploads uploads_{&budget_, &clock_};
  CallGate gate_;
  CallCounters calls_;
  ThreadPool blocking_calls_{2};
  std::vector<std::string> changes_;  // The bank's state at each call of on_bank_change.
  std::function<void()> on_change_ = [] {};
  std::unique_ptr<AssociativeMemoryService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AssociativeMemory::Stub> stub_;
};

TEST_F(RestoreBankCallTest, TheBanksHealthIsToldWhenItBeginsToLoadAndWhenItServes) {
  v1::Bank bank;
  const grpc::Status status = Restore("faces", "", &bank);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(bank.name(), "faces");
  EXPECT_EQ(bank.pattern_count(), 2);
  EXPECT_EQ(bank.version(), 1);
  EXPECT_EQ(bank.state(), v1::BANK_STATE_SERVING);
  EXPECT_THAT(changes_, ElementsAre("loading", "serving"));
  EXPECT_EQ(Restore("faces", "", &bank).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_TRUE(Restore("faces", "faces-2", &bank).ok());
  EXPECT_EQ(bank.name(), "faces-2");
}

TEST_F(RestoreBankCallTest, ARestoreThatEndsEarlyLeavesNothingAndTellsTheHealth) {
  on_change_ = [this] { gate_.CloseAndWait(absl::ZeroDuration()); };
  v1::Bank bank;
  EXPECT_EQ(Restore("faces", "", &bank).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(changes_, ElementsAre("loading", "gone"));
  EXPECT_EQ(banks_->count(), 0);
}

TEST_F(RestoreBankCallTest, ABankThatTheSnapshotHasNotIsNotFound) {
  v1::Bank bank;
  EXPECT_EQ(Restore("places", "", &bank).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(changes_, ElementsAre());
}

}  // namespace
}  // namespace engram
