#include "core/bank/memory_banks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace engram {
namespace {

using ::testing::ElementsAre;

class MemoryBanksTest : public ::testing::Test {
 protected:
  absl::Status Create(const std::string& name) {
    BankSettings settings;
    settings.name = name;
    settings.dim = 4;
    return banks_.Create(settings).status();
  }
  std::vector<std::string> Names(const std::string& after, int64_t count) {
    std::vector<std::string> names;
    for (const BankEntry& entry : banks_.List(after, count)) names.push_back(entry.name);
    return names;
  }

  MemoryBudget budget_{1 << 20};
  VolatileJournal journal_;
  MemoryBanks banks_{3, {&budget_}, &journal_};
};

TEST_F(MemoryBanksTest, FindsWhatWasCreatedAndNothingElse) {
  ASSERT_TRUE(Create("a").ok());
  EXPECT_EQ((*banks_.Find("a"))->settings()->name, "a");
  EXPECT_EQ(banks_.Find("b").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MemoryBanksTest, NameCanBeUsedOnceUntilItsBankIsDeleted) {
  ASSERT_TRUE(Create("a").ok());
  EXPECT_EQ(Create("a").code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(banks_.Delete("a").ok());
  EXPECT_EQ(banks_.Delete("a").code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Create("a").ok());
}

TEST_F(MemoryBanksTest, HoldsNoMoreThanItsLimit) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Create(name).ok());
  EXPECT_EQ(Create("d").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(banks_.count(), 3);
}

TEST_F(MemoryBanksTest, ListsPagesByAscendingName) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(Create(name).ok());
  EXPECT_THAT(Names("", 2), ElementsAre("a", "b"));
  EXPECT_THAT(Names("b", 2), ElementsAre("c"));
  EXPECT_THAT(Names("c", 2), ElementsAre());
}

TEST_F(MemoryBanksTest, DeletedBankLivesOnForThoseWhoHoldIt) {
  ASSERT_TRUE(Create("a").ok());
  const auto bank = *banks_.Find("a");
  ASSERT_TRUE(banks_.Delete("a").ok());
  EXPECT_EQ(bank->Pin().pattern_count(), 0);
  const std::vector<float> row(4);
  PatternRows batch;
  batch.patterns = {row.data(), 1, 4};
  EXPECT_EQ(bank->Store(batch).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MemoryBanksTest, CreationBeyondTheBudgetLeavesNothing) {
  BankSettings settings;
  settings.name = "wide";
  settings.dim = 65'536;
  EXPECT_EQ(banks_.Create(settings).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(banks_.count(), 0);
  EXPECT_EQ(budget_.used_bytes(), 0);
}

}  // namespace
}  // namespace engram
