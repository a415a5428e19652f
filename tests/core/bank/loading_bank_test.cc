#include "core/bank/loading_bank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/core/bank/held_journal.h"

namespace engram {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

BankSettings Settings(const std::string& name, Durability durability = Durability::kSynced) {
  BankSettings settings;
  settings.name = name;
  settings.dim = 1;
  settings.durability = durability;
  return settings;
}

class LoadingBankTest : public ::testing::Test {
 protected:
  std::unique_ptr<LoadingBank> Begin(const std::string& name, int64_t pattern_count, int64_t bank_id = 7) {
    return *banks_.BeginLoading(bank_id, Settings(name), {/*version=*/3, pattern_count, /*next_id=*/1000});
  }
  static absl::Status Add(LoadingBank* loading, const std::vector<uint64_t>& ids) {
    const std::vector<float> rows(ids.size(), 1.0f);
    PatternRows batch;
    batch.ids = ids;
    batch.patterns = {rows.data(), static_cast<int64_t>(ids.size()), 1};
    return loading->Add(batch);
  }

  MemoryBudget budget_{1 << 20};
  HeldJournal journal_;
  MemoryBanks banks_{2, {&budget_}, &journal_};
};

TEST_F(LoadingBankTest, LoadingBankIsUnavailableAndSaysHowFarItIs) {
  const auto loading = Begin("a", 3);
  ASSERT_TRUE(Add(loading.get(), {1, 2}).ok());
  const absl::Status status = banks_.Find("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 of 3 patterns"));
  const auto details = FindErrorDetails(status);
  EXPECT_EQ(details->reason, "BANK_LOADING");
  EXPECT_THAT(details->metadata, Contains(Pair("loaded", "2")));
  EXPECT_THAT(details->metadata, Contains(Pair("total", "3")));
  EXPECT_EQ(details->retry_delay, absl::Seconds(1));
  EXPECT_EQ(banks_.Delete("a").code(), absl::StatusCode::kUnavailable);
}

TEST_F(LoadingBankTest, FinishedBankServes) {
  const auto loading = Begin("a", 1);
  ASSERT_TRUE(Add(loading.get(), {1}).ok());
  ASSERT_TRUE(loading->Finish().ok());
  EXPECT_EQ((*banks_.Find("a"))->Pin().version(), 3);
  ASSERT_TRUE(banks_.Delete("a").ok());
  EXPECT_THAT(journal_.deleted(), ElementsAre(7));
}

TEST_F(LoadingBankTest, DamagedBankIsQuarantinedUntilItIsDeleted) {
  const auto loading = Begin("a", 2);
  EXPECT_EQ(Add(loading.get(), {1, 1}).code(), absl::StatusCode::kDataLoss);
  const absl::Status status = banks_.Find("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FindErrorDetails(status)->reason, "BANK_DAMAGED");
  EXPECT_EQ(budget_.used_bytes(), 0);
  EXPECT_EQ(banks_.Create(Settings("a")).status().code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(banks_.Delete("a").ok());
  EXPECT_THAT(journal_.deleted(), ElementsAre(7));
  EXPECT_TRUE(banks_.Create(Settings("a")).ok());
}

TEST_F(LoadingBankTest, QuarantineKeepsWhatTheJournalSays) {
  ASSERT_TRUE(banks_.Quarantine(7, Settings("a"), {}, absl::DataLossError("000012.sst: bad checksum")).ok());
  EXPECT_EQ(banks_.Find("a").status().message(),
            "bank 'a' is damaged: 000012.sst: bad checksum; restore it from a backup, or delete it");
  ASSERT_TRUE(banks_.Quarantine(8, Settings("b"), {}, absl::UnavailableError("disk")).ok());
  EXPECT_EQ(banks_.Find("b").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FindErrorDetails(banks_.Find("b").status())->reason, "BANK_NOT_LOADED");
  EXPECT_EQ(banks_.Quarantine(9, Settings("b"), {}, absl::UnavailableError("disk")).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(LoadingBankTest, DamageIsOneReasonWhateverTheJournalCallsIt) {
  ErrorDetails details;
  details.reason = "DATA_DAMAGED";
  const absl::Status cause =
      MakeError(absl::StatusCode::kDataLoss, details, "reading 000012.sst: bad checksum");
  ASSERT_TRUE(banks_.Quarantine(7, Settings("a"), {}, cause).ok());
  const absl::Status status = banks_.Find("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(status.message(),
            "bank 'a' is damaged: reading 000012.sst: bad checksum; restore it from a backup, or delete it");
  EXPECT_EQ(FindErrorDetails(status)->reason, "BANK_DAMAGED");
  EXPECT_THAT(FindErrorDetails(status)->metadata, ElementsAre(Pair("bank", "a")));
}

TEST_F(LoadingBankTest, BankBeyondTheBudgetIsQuarantinedForIt) {
  EXPECT_EQ(banks_.BeginLoading(7, Settings("a"), {1, 1 << 20, 1 << 20}).status().code(),
            absl::StatusCode::kResourceExhausted);
  const absl::Status status = banks_.Find("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(FindErrorDetails(status)->reason, "MEMORY_BUDGET");
  EXPECT_THAT(std::string(status.message()), HasSubstr("bank 'a' could not be loaded: memory budget: asked"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("; free memory or raise --memory-budget-bytes, then restart the server"));
  EXPECT_THAT(FindErrorDetails(status)->metadata, Contains(Pair("bank", "a")));
}

TEST_F(LoadingBankTest, UnfinishedBankIsQuarantined) {
  Begin("a", 1).reset();
  EXPECT_EQ(FindErrorDetails(banks_.Find("a").status())->reason, "BANK_NOT_LOADED");
}

TEST_F(LoadingBankTest, BanksAreFoundAndListedWhileOthersLoad) {
  constexpr int kRows = 2000;
  ASSERT_TRUE(banks_.Quarantine(8, Settings("b"), {}, absl::DataLossError("gone")).ok());
  std::vector<std::thread> threads;
  std::atomic<bool> is_done{false};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!is_done) {
        EXPECT_EQ(banks_.Find("b").status().code(), absl::StatusCode::kDataLoss);
        const absl::Status status = banks_.Find("a").status();
        EXPECT_TRUE(status.ok() || absl::IsUnavailable(status) || absl::IsNotFound(status) ||
                    absl::IsDataLoss(status))
            << status;
        for (const BankEntry& entry : banks_.List("", 10)) EXPECT_NE(entry.settings, nullptr);
      }
    });
  }
  auto loading = Begin("a", kRows, /*bank_id=*/9);
  for (uint64_t id = 0; id < 1000; ++id) ASSERT_TRUE(Add(loading.get(), {id}).ok());
  EXPECT_EQ(loading->Finish().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(banks_.Delete("a").ok());
  loading = Begin("a", 1, /*bank_id=*/10);
  ASSERT_TRUE(Add(loading.get(), {0}).ok());
  ASSERT_TRUE(loading->Finish().ok());
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(banks_.Find("a").ok());
}

TEST_F(LoadingBankTest, ListTellsTheStates) {
  ASSERT_TRUE(banks_.Create(Settings("c")).ok());
  const auto loading = Begin("b", 3);
  ASSERT_TRUE(Add(loading.get(), {1}).ok());
  ASSERT_TRUE(banks_.Quarantine(8, Settings("a"), {5, 6, 7}, absl::DataLossError("gone")).ok());
  const std::vector<BankEntry> entries = banks_.List("", 10);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].state, BankEntry::State::kQuarantined);
  EXPECT_EQ(entries[0].status, banks_.Find("a").status());
  EXPECT_EQ(entries[0].counts.pattern_count, 6);
  EXPECT_EQ(entries[1].state, BankEntry::State::kLoading);
  EXPECT_EQ(entries[1].loaded_patterns, 1);
  EXPECT_EQ(entries[1].settings->name, "b");
  EXPECT_EQ(entries[2].state, BankEntry::State::kServing);
  EXPECT_EQ(entries[2].settings, entries[2].bank->settings());
  EXPECT_TRUE(entries[2].status.ok());
}

TEST_F(LoadingBankTest, EveryStateTakesANameAndCountsAgainstTheLimit) {
  const auto loading = Begin("a", 1);
  ASSERT_TRUE(banks_.Quarantine(8, Settings("b"), {}, absl::DataLossError("gone")).ok());
  EXPECT_EQ(banks_.count(), 2);
  EXPECT_EQ(banks_.Create(Settings("a")).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(banks_.Create(Settings("c")).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(banks_.BeginLoading(9, Settings("b"), {}).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_NE(Begin("c", 0, /*bank_id=*/10), nullptr) << "it is there, whatever the limit is now";
}

TEST_F(LoadingBankTest, IdsOfBanksAreNotUsedAgain) {
  ASSERT_TRUE(Begin("a", 0, /*bank_id=*/41)->Finish().ok());
  EXPECT_EQ((*banks_.Create(Settings("b")))->bank_id(), 42);
  MemoryBanks later(2, {&budget_}, &journal_, /*next_bank_id=*/100);
  EXPECT_EQ((*later.Create(Settings("a")))->bank_id(), 100);
}

TEST_F(LoadingBankTest, VolatileBanksLeaveTheJournalAlone) {
  const auto bank = *banks_.Create(Settings("a", Durability::kVolatile));
  const float x = 1;
  PatternRows batch;
  batch.patterns = {&x, 1, 1};
  ASSERT_TRUE(bank->Store(batch).ok());
  ASSERT_TRUE(banks_.Delete("a").ok());
  EXPECT_THAT(journal_.groups(), IsEmpty());
  EXPECT_THAT(journal_.deleted(), IsEmpty());
}

}  // namespace
}  // namespace engram
