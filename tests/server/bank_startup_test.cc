#include "server/bank_startup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

BankSettings Settings(const std::string& name) {
  BankSettings settings;
  settings.name = name;
  settings.dim = 2;
  settings.durability = Durability::kRelaxed;
  return settings;
}

class BankStartupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "bank_startup_test";
    std::filesystem::remove_all(folder_);
    Open();
  }
  void TearDown() override {
    journal_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  void Open() {
    journal_ = nullptr;
    RocksJournalOptions options;
    options.data_dir = folder_;
    options.log = [](LogLevel, const std::string&) {};
    options.min_free_bytes = 0;
    auto journal = RocksJournal::Open(options);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }

  // A bank with one pattern on disk.
  void Keep(int64_t bank_id, const std::string& name) {
    ASSERT_TRUE(journal_->CreateBank(bank_id, Settings(name)).ok());
    const std::vector<uint64_t> ids = {7};
    const std::vector<float> row = {1, 2};
    const PatternChange change{{ids, {row.data(), 1, 2}, {}, {}}, {}};
    ASSERT_TRUE(journal_->ChangePatterns(bank_id, Settings(name), {change}, {1, 1, 8}).ok());
  }

  BankEntry::State StateOf(const std::string& name) { return banks_->FindEntry(name)->state; }

  std::string folder_;
  SystemClock clock_;
  MemoryBudget budget_{int64_t{1} << 30};
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<MemoryBanks> banks_;
};

TEST_F(BankStartupTest, NamesAreTakenFirstAndBanksTellWhenTheyAreReady) {
  Keep(1, "a");
  Keep(2, "b");
  Open();
  banks_ = std::make_unique<MemoryBanks>(10, BankMemory{&budget_}, journal_.get(), journal_->next_bank_id());
  absl::BlockingCounter ready(2);
  BankStartup startup(journal_.get(), banks_.get(), &clock_,
                      [&](const std::string&) { ready.DecrementCount(); });
  EXPECT_THAT(startup.names(), ElementsAre("a", "b"));
  EXPECT_EQ(StateOf("a"), BankEntry::State::kLoading);
  EXPECT_TRUE(absl::IsUnavailable(banks_->Find("b").status()));
  startup.Start();
  ready.Wait();
  EXPECT_EQ((*banks_->Find("a"))->Pin().pattern_count(), 1);
  EXPECT_EQ((*banks_->Find("b"))->Pin().version(), 1);
}

TEST_F(BankStartupTest, OfTwoBanksWithOneNameTheSecondIsQuarantinedUnderAnother) {
  Keep(1, "a");
  Keep(2, "a");
  Open();
  banks_ = std::make_unique<MemoryBanks>(10, BankMemory{&budget_}, journal_.get(), journal_->next_bank_id());
  BankStartup startup(journal_.get(), banks_.get(), &clock_, [](const std::string&) {});
  EXPECT_THAT(startup.names(), ElementsAre("a", "unreadable-2"));
  const absl::Status status = banks_->Find("unreadable-2").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("'a'"));
  EXPECT_TRUE(banks_->Delete("unreadable-2").ok());
}

TEST_F(BankStartupTest, StoppedEarlyItLeavesBanksUnavailable) {
  Keep(1, "a");
  Open();
  banks_ = std::make_unique<MemoryBanks>(10, BankMemory{&budget_}, journal_.get(), journal_->next_bank_id());
  BankStartup startup(journal_.get(), banks_.get(), &clock_, [](const std::string&) {});
  startup.Stop();
  EXPECT_EQ(StateOf("a"), BankEntry::State::kQuarantined);
  EXPECT_TRUE(absl::IsUnavailable(banks_->Find("a").status()));
}

TEST_F(BankStartupTest, AnEmptyDirectoryHasNothingToLoad) {
  banks_ = std::make_unique<MemoryBanks>(10, BankMemory{&budget_}, journal_.get(), journal_->next_bank_id());
  BankStartup startup(journal_.get(), banks_.get(), &clock_, [](const std::string&) {});
  EXPECT_THAT(startup.names(), ElementsAre());
  startup.Start();
}

}  // namespace
}  // namespace engram
