#include "core/bank/compaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "core/bank/memory_banks.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/bank/visible_patterns.h"

namespace engram {
namespace {

using ::testing::ElementsAre;

constexpr int kCount = 10'000;

std::vector<float> RandomRows(int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(3 * count);
  for (float& x : rows) x = normal(random);
  return rows;
}

// A bank most of which is dead, so that it asks to be compacted.
class CompactionTest : public ::testing::Test {
 protected:
  CompactionTest() {
    EXPECT_TRUE(bank_.Store(RandomRows(kCount, 1)).ok());
    std::vector<uint64_t> doomed;
    for (uint64_t id = 0; id < kCount; ++id) {
      if (id % 10 != 9) doomed.push_back(id);
    }
    EXPECT_TRUE(bank_->Delete(doomed, false).ok());
  }

  // Compacts, and calls `meanwhile` once in the middle.
  template <typename Meanwhile>
  void CompactWith(const Meanwhile& meanwhile) {
    bool is_first = true;
    bank_->Compact([&] {
      if (std::exchange(is_first, false)) meanwhile();
      return false;
    });
    EXPECT_FALSE(is_first);
  }

  TestBank bank_{3};
};

TEST_F(CompactionTest, WritesMeanwhileAreInTheNewLayout) {
  const uint64_t old_layout = bank_->Pin().layout_id();
  std::map<uint64_t, std::vector<float>> expected;
  CompactWith([&] {
    ASSERT_TRUE(bank_.Store({1, 2, 3}, {9}, {"replaced"}).ok());  // A row that is copied,
    ASSERT_TRUE(bank_->Delete({19}, false).ok());                 // one that is copied and goes,
    ASSERT_TRUE(bank_.Store({4, 5, 6}, {29}).ok());               // one that is replaced twice,
    ASSERT_TRUE(bank_.Store({7, 8, 9}, {29}).ok());
    ASSERT_TRUE(bank_.Store({1, 1, 1, 2, 2, 2}, {20'000, 20'001}).ok());  // and new ones, of which one goes.
    ASSERT_TRUE(bank_->Delete({20'001}, false).ok());
    ASSERT_TRUE(bank_->Delete({39}, false).ok());
    ASSERT_TRUE(bank_.Store({3, 3, 3}, {39}).ok());
    expected = Visible(bank_->Pin());
  });
  const BankSnapshot compacted = bank_->Pin();
  EXPECT_NE(compacted.layout_id(), old_layout);
  EXPECT_EQ(compacted.version(), 10);
  EXPECT_EQ(Visible(compacted), expected);
  for (const auto& [id, pattern] : expected) {
    const auto found = bank_->Find({id});
    ASSERT_TRUE(found.ok()) << id;
    EXPECT_THAT(found->snapshot.pattern(found->rows[0]), ::testing::ElementsAreArray(pattern));
  }
  EXPECT_EQ(bank_->Find({9})->snapshot.payload(bank_->Find({9})->rows[0]), "replaced");
  EXPECT_FALSE(bank_->Find({19}).ok());
  EXPECT_FALSE(bank_->Find({20'001}).ok());
  EXPECT_THAT(bank_.Store({0, 0, 0})->ids, ElementsAre(20'002));
}

TEST_F(CompactionTest, ManyRowsThatComeMeanwhileAreCopiedToo) {
  std::map<uint64_t, std::vector<float>> expected;
  CompactWith([&] {
    ASSERT_TRUE(bank_.Store(RandomRows(5000, 2)).ok());
    ASSERT_TRUE(bank_->Delete({10'000, 14'999, 9}, false).ok());
    expected = Visible(bank_->Pin());
  });
  EXPECT_EQ(Visible(bank_->Pin()), expected);
  EXPECT_EQ(bank_->memory_bytes(), bank_.budget().used_bytes());
}

TEST_F(CompactionTest, OneThatIsStoppedChangesNothing) {
  const BankSnapshot before = bank_->Pin();
  bank_->Compact([] { return true; });
  EXPECT_EQ(bank_->Pin().layout_id(), before.layout_id());
  EXPECT_EQ(Visible(bank_->Pin()), Visible(before));
  EXPECT_EQ(bank_->memory_bytes(), bank_.budget().used_bytes());
}

TEST_F(CompactionTest, AStoreDoesNotCompactABankThatShutsDown) {
  TestBank bank(1024, 0, 0, /*budget_bytes=*/2 << 20);
  const auto store = [&] { return bank.Store(std::vector<float>(1024), {7}).status(); };
  while (bank->Pin().row_count() < 128) {
    ASSERT_TRUE(store().ok());
  }
  const uint64_t layout_id = bank->Pin().layout_id();
  bank.compactor().Stop();
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) status = store();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank->Pin().layout_id(), layout_id);
}

TEST_F(CompactionTest, IsAskedToStopBeforeItLooksAtAnyRow) {
  constexpr int64_t kPayloadBytes = 1 << 20;
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1, 2}, {}, {std::string(kPayloadBytes, 'x'), ""}).ok());
  ASSERT_TRUE(bank->Delete({1}, false).ok());
  const int64_t used = bank.budget().used_bytes();
  bank->Compact([&] {
    EXPECT_LT(bank.budget().used_bytes(), used + kPayloadBytes) << "the payloads were looked at";
    return true;
  });
  EXPECT_EQ(bank.budget().used_bytes(), used);
}

TEST_F(CompactionTest, WhereRowsHaveGoneIsInTheBudget) {
  Compaction compaction(bank_->settings(), {&bank_.budget()});
  const int64_t used = bank_.budget().used_bytes();
  ASSERT_TRUE(compaction.CopyNewRowsOf(bank_->Pin(), [] { return false; }).ok());
  EXPECT_EQ(bank_.budget().used_bytes() - used,
            compaction.rows().memory_bytes() + kCount * static_cast<int64_t>(sizeof(RowRef)));
}

TEST_F(CompactionTest, ADeletedBankIsLeftAlone) {
  const uint64_t layout = bank_->Pin().layout_id();
  CompactWith([&] { ASSERT_TRUE(bank_->Close().ok()); });
  EXPECT_EQ(bank_->Pin().layout_id(), layout);
  bank_.compactor().RunPending();
  EXPECT_EQ(bank_->Pin().layout_id(), layout);
}

TEST_F(CompactionTest, SettingsOfAnUpdateMeanwhileStay) {
  CompactWith([&] {
    BankSettings settings = *bank_->settings();
    settings.default_dynamics.beta = 7;
    ASSERT_TRUE(*bank_->Update(bank_->settings(), settings));
  });
  EXPECT_EQ(bank_->settings()->default_dynamics.beta, 7);
}

TEST_F(CompactionTest, ABankWithoutDeadRowsKeepsItsLayout) {
  bank_.compactor().RunPending();
  const uint64_t layout = bank_->Pin().layout_id();
  EXPECT_EQ(bank_->Pin().row_count(), kCount / 10);
  bank_->Compact([] { return false; });
  EXPECT_EQ(bank_->Pin().layout_id(), layout);
}

TEST(CompactorTest, GoesOnWhenABankThatWaitsIsGone) {
  Compactor compactor(/*has_thread=*/false);
  compactor.Schedule(std::weak_ptr<MemoryBank>());
  compactor.RunPending();
}

// Writers replace and delete, the compactor's thread drops what is dead, readers see whole versions.
TEST(CompactorTest, NobodyNoticesCompactionsUnderWrites) {
  MemoryBudget budget(int64_t{1} << 30);
  VolatileJournal journal;
  MemoryBanks banks(1, {&budget}, &journal);
  BankSettings settings;
  settings.name = "test";
  settings.dim = 3;
  const auto bank = *banks.Create(settings);
  constexpr int kWriters = 4;
  constexpr uint64_t kIds = 500;
  std::vector<std::map<uint64_t, float>> models(kWriters);
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      std::vector<uint64_t> ids(100);
      for (int i = 0; i < 300; ++i) {
        const uint64_t first = random() % (kIds - ids.size());
        for (size_t k = 0; k < ids.size(); ++k) ids[k] = t * kIds + first + k;
        if (random() % 4 == 0) {
          ASSERT_TRUE(bank->Delete(ids, true).ok());
          for (const uint64_t id : ids) models[t].erase(id);
          continue;
        }
        const std::vector<float> rows(3 * ids.size(), static_cast<float>(i));
        PatternRows batch;
        batch.ids = ids;
        batch.patterns = {rows.data(), static_cast<int64_t>(ids.size()), 3};
        ASSERT_TRUE(bank->Store(batch).ok());
        for (const uint64_t id : ids) models[t][id] = static_cast<float>(i);
      }
      --writing;
    });
  }
  while (writing > 0) {
    const BankSnapshot snapshot = bank->Pin();
    const auto visible = Visible(snapshot);
    EXPECT_EQ(static_cast<int64_t>(visible.size()), snapshot.pattern_count());
  }
  for (std::thread& thread : threads) thread.join();
  banks.compactor().RunPending();
  std::map<uint64_t, std::vector<float>> expected;
  for (const auto& model : models) {
    for (const auto& [id, x] : model) expected[id] = {x, x, x};
  }
  EXPECT_EQ(Visible(bank->Pin()), expected);
  EXPECT_LT(bank->Pin().row_count(), kWriters * 300 * 100) << "nothing was ever dropped";
}

// Memory for a few dozen rows; every write kills one.
TEST(CompactorTest, WritersThatOverwriteNeverRunOutOfMemory) {
  MemoryBudget budget(2 << 20);
  VolatileJournal journal;
  MemoryBanks banks(1, {&budget}, &journal);
  BankSettings settings;
  settings.name = "test";
  settings.dim = 1024;
  const auto bank = *banks.Create(settings);
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 4; ++id) {
    threads.emplace_back([&bank, id] {
      for (int i = 0; i < 1000; ++i) {
        const std::vector<float> row(1024, static_cast<float>(i));
        PatternRows batch;
        batch.ids = {&id, 1};
        batch.patterns = {row.data(), 1, 1024};
        const auto stored = bank->Store(batch);
        ASSERT_TRUE(stored.ok()) << stored.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bank->Pin().version(), 4000);
  EXPECT_EQ(bank->Pin().pattern_count(), 4);
}

TEST(CompactorTest, EndsInTheMiddleOfItsWork) {
  MemoryBudget budget(int64_t{1} << 30);
  VolatileJournal journal;
  for (int round = 0; round < 20; ++round) {
    MemoryBanks banks(1, {&budget}, &journal);
    BankSettings settings;
    settings.name = "test";
    settings.dim = 3;
    const auto bank = *banks.Create(settings);
    const std::vector<float> rows(3 * kCount);
    PatternRows batch;
    batch.patterns = {rows.data(), kCount, 3};
    const auto stored = bank->Store(batch);
    ASSERT_TRUE(stored.ok());
    ASSERT_TRUE(bank->Delete(absl::MakeSpan(stored->ids).first(kCount - 10), false).ok());
    if (round % 2 == 0) {
      ASSERT_TRUE(banks.Delete("test").ok());
    }
  }
  EXPECT_EQ(budget.used_bytes(), 0);
}

}  // namespace
}  // namespace engram
