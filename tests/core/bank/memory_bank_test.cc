#include "core/bank/memory_bank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "tests/core/bank/test_bank.h"
#include "tests/core/bank/visible_patterns.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

double LargestNorm(const std::map<uint64_t, std::vector<float>>& patterns) {
  double largest = 0;
  for (const auto& [id, pattern] : patterns) {
    double sum = 0;
    for (const float x : pattern) sum += static_cast<double>(x) * x;
    largest = std::max(largest, std::sqrt(sum));
  }
  return largest;
}

TEST(MemoryBankTest, BeginsEmptyAtVersionZero) {
  TestBank bank(3);
  const BankSnapshot snapshot = bank->Pin();
  EXPECT_EQ(snapshot.version(), 0);
  EXPECT_EQ(snapshot.pattern_count(), 0);
  EXPECT_EQ(snapshot.row_count(), 0);
  EXPECT_EQ(snapshot.largest_norm(), 0);
  EXPECT_THAT(snapshot.mean(), ElementsAre(0, 0, 0));
}

TEST(MemoryBankTest, AssignsAscendingIdsThatWereNeverUsed) {
  TestBank bank(1);
  EXPECT_THAT(bank.Store({1, 2})->ids, ElementsAre(0, 1));
  EXPECT_THAT(bank.Store({3}, {10})->ids, ElementsAre(10));
  EXPECT_THAT(bank.Store({4})->ids, ElementsAre(11));
  ASSERT_TRUE(bank->Delete({11}, false).ok());
  EXPECT_THAT(bank.Store({5})->ids, ElementsAre(12));
}

TEST(MemoryBankTest, RefusesToAssignIdsBeyondTheLimit) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1}, {MemoryBank::kIdLimit - 1}).ok());
  EXPECT_EQ(bank.Store({2}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank->Pin().pattern_count(), 1);
}

TEST(MemoryBankTest, EveryChangeMakesAVersionAndNothingElseDoes) {
  TestBank bank(1);
  EXPECT_EQ(bank.Store({1, 2, 3})->version, 1);
  EXPECT_EQ(bank.Store({4}, {0})->version, 2);
  EXPECT_EQ(bank->Delete({0, 2}, false)->version, 3);
  EXPECT_EQ(bank->Delete({99}, true)->version, 3);
  EXPECT_EQ(bank->Delete({99}, false).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(bank->Pin().version(), 3);
}

TEST(MemoryBankTest, StoringAnIdAgainReplacesPatternValueAndPayload) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 2, 3, 4}, {7, 8}, {"old", "other"}).ok());
  ASSERT_TRUE(bank.Store({5, 6}, {7}, {"new"}).ok());
  const auto found = bank->Find({7, 8});
  EXPECT_THAT(found->snapshot.pattern(found->rows[0]), ElementsAre(5, 6));
  EXPECT_EQ(found->snapshot.payload(found->rows[0]), "new");
  EXPECT_THAT(found->snapshot.pattern(found->rows[1]), ElementsAre(3, 4));
  EXPECT_EQ(bank->Pin().pattern_count(), 2);
}

TEST(MemoryBankTest, AnUpdateChangesSettingsButNotTheVersion) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1, 2}).ok());
  const BankSnapshot before = bank->Pin();
  BankSettings settings = *bank->settings();
  settings.max_patterns = 2;
  settings.default_dynamics.beta = 7;
  EXPECT_TRUE(*bank->Update(bank->settings(), settings));
  EXPECT_EQ(before.settings().default_dynamics.beta, 1);
  EXPECT_EQ(bank->Pin().settings().default_dynamics.beta, 7);
  EXPECT_EQ(bank->Pin().version(), 1);
  EXPECT_EQ(Visible(bank->Pin()), Visible(before));
  EXPECT_EQ(bank.Store({3}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(MemoryBankTest, AnUpdateOfOtherSettingsThanExpectedChangesNothing) {
  TestBank bank(1);
  const auto expected = bank->settings();
  BankSettings settings = *expected;
  settings.default_dynamics.beta = 7;
  EXPECT_TRUE(*bank->Update(expected, settings));
  settings.default_dynamics.beta = 8;
  EXPECT_FALSE(*bank->Update(expected, settings));
  EXPECT_EQ(bank->settings()->default_dynamics.beta, 7);
}

TEST(MemoryBankTest, ALimitBelowTheCountIsRefused) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1, 2, 3}).ok());
  BankSettings settings = *bank->settings();
  settings.max_patterns = 2;
  const absl::Status status = bank->Update(bank->settings(), settings).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("asked 2, bank 'test' has 3 patterns"));
  EXPECT_EQ(bank->settings()->max_patterns, 0);
  settings.max_patterns = 3;
  EXPECT_TRUE(*bank->Update(bank->settings(), settings));
}

TEST(MemoryBankTest, AClosedBankIsNotUpdated) {
  TestBank bank(1);
  EXPECT_FALSE(bank->closed());
  ASSERT_TRUE(bank->Close().ok());
  EXPECT_TRUE(bank->closed());
  EXPECT_EQ(bank->Update(bank->settings(), *bank->settings()).status().code(), absl::StatusCode::kNotFound);
}

TEST(MemoryBankTest, PinnedSnapshotSeesNeitherStoresNorDeletes) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1, 2, 3}).ok());
  const BankSnapshot pinned = bank->Pin();
  const auto before = Visible(pinned);
  ASSERT_TRUE(bank.Store({9}, {1}).ok());
  ASSERT_TRUE(bank->Delete({0}, false).ok());
  ASSERT_TRUE(bank.Store({4, 5}).ok());
  EXPECT_EQ(Visible(pinned), before);
  EXPECT_EQ(pinned.largest_norm(), 3);
  EXPECT_THAT(pinned.mean(), ElementsAre(2));
}

TEST(MemoryBankTest, DeleteOfAMissingIdChangesNothing) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1, 2}).ok());
  const absl::Status status = bank->Delete({0, 5}, false).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("no pattern with id 5"));
  EXPECT_EQ(bank->Pin().pattern_count(), 2);
  EXPECT_EQ(bank->Delete({0, 5}, true)->count, 1);
}

TEST(MemoryBankTest, LimitRefusesTheWholeStoreAndCountsReplacementsOnce) {
  TestBank bank(1, 0, /*max_patterns=*/2);
  ASSERT_TRUE(bank.Store({1}, {0}).ok());
  EXPECT_EQ(bank.Store({1, 2}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank->Pin().pattern_count(), 1);
  EXPECT_TRUE(bank.Store({5, 6}, {0, 1}).ok());
}

TEST(MemoryBankTest, BudgetRefusesTheWholeStoreAndGetsNothingTaken) {
  TestBank bank(1024, 0, 0, /*budget_bytes=*/1 << 20);
  const int64_t used = bank.budget().used_bytes();
  EXPECT_EQ(bank.Store(std::vector<float>(1024 * 1024)).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank.budget().used_bytes(), used);
  EXPECT_EQ(bank->memory_bytes(), used);
  EXPECT_EQ(bank->Pin().version(), 0);
  EXPECT_TRUE(bank.Store(std::vector<float>(1024)).ok());
}

TEST(MemoryBankTest, RefusedPayloadsTakeNothing) {
  TestBank bank(1, 0, 0, /*budget_bytes=*/1 << 16);
  const int64_t used = bank.budget().used_bytes();
  EXPECT_EQ(bank.Store({1}, {}, {std::string(1 << 16, 'x')}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank.budget().used_bytes(), used);
}

TEST(MemoryBankTest, MemoryIsAccountedInTheBudget) {
  TestBank bank(64);
  ASSERT_TRUE(bank.Store(std::vector<float>(64 * 1000), {}, std::vector<std::string>(1000, "payload")).ok());
  EXPECT_EQ(bank->memory_bytes(), bank.budget().used_bytes());
  EXPECT_GE(bank->memory_bytes(), 1000 * (64 * 4 + 7));
}

TEST(MemoryBankTest, CodesCostWhatTheApiSaysAndAreInTheBudget) {
  constexpr int64_t kBudgetBytes = int64_t{1} << 30;
  for (const int64_t dim : {1, 4, 70, 1024}) {
    TestBank coded(dim, 0, 0, kBudgetBytes, Screening::kInt8);
    TestBank plain(dim, 0, 0, kBudgetBytes, Screening::kNone);
    EXPECT_EQ(coded->memory_bytes(), plain->memory_bytes());
    // 64 rows fill the first segment.
    ASSERT_TRUE(coded.Store(std::vector<float>(64 * dim)).ok());
    ASSERT_TRUE(plain.Store(std::vector<float>(64 * dim)).ok());
    EXPECT_EQ(coded->memory_bytes() - plain->memory_bytes(), 64 * (4 * ((dim + 3) / 4) + 8)) << "D " << dim;
    EXPECT_EQ(coded.budget().used_bytes(), coded->memory_bytes());
  }
}

TEST(MemoryBankTest, MeanAndLargestNormAreThoseOfTheVisiblePatterns) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  TestBank bank(5);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::vector<float> rows(5 * (1 + random() % 50));
    for (float& x : rows) x = normal(random);
    const auto stored = bank.Store(rows);
    if (round % 3 == 1) {
      ASSERT_TRUE(bank->Delete({stored->ids.front()}, false).ok());
    }
    const BankSnapshot snapshot = bank->Pin();
    const auto visible = Visible(snapshot);
    EXPECT_DOUBLE_EQ(snapshot.largest_norm(), LargestNorm(visible));
    for (int j = 0; j < 5; ++j) {
      double sum = 0;
      for (const auto& [id, pattern] : visible) sum += pattern[j];
      EXPECT_NEAR(snapshot.mean()[j], sum / static_cast<double>(visible.size()), 1e-14);
    }
  }
}

TEST(MemoryBankTest, MeanDoesNotDependOnHowThePatternsCame) {
  const std::vector<float> rows = {1e20f, 3.0f, -1e20f, 1e-20f, 7.25f};
  TestBank together(1);
  ASSERT_TRUE(together.Store(rows).ok());
  TestBank apart(1);
  ASSERT_TRUE(apart.Store({5e29f}, {100}).ok());
  for (size_t i = rows.size(); i-- > 0;) ASSERT_TRUE(apart.Store({rows[i]}, {i}).ok());
  ASSERT_TRUE(apart->Delete({100}, false).ok());
  EXPECT_EQ(together->Pin().mean()[0], apart->Pin().mean()[0]);
  EXPECT_EQ(together->Pin().mean()[0], 10.25 / 5);  // The large ones cancel and leave the rest whole.
}

TEST(MemoryBankTest, CompactionDropsDeadRowsAndChangesNothingElse) {
  std::mt19937_64 random(2);
  TestBank bank(3);
  std::vector<float> rows(3 * 10'000);
  for (float& x : rows) x = static_cast<float>(random() % 1000);
  ASSERT_TRUE(bank.Store(rows, {}, std::vector<std::string>(10'000, "p")).ok());
  const BankSnapshot old = bank->Pin();
  const auto old_visible = Visible(old);
  std::vector<uint64_t> doomed;
  for (uint64_t id = 0; id < 10'000; id += 10) {
    for (uint64_t k = 0; k < 9; ++k) doomed.push_back(id + k);
  }
  ASSERT_TRUE(bank->Delete(doomed, false).ok());
  EXPECT_EQ(bank->Pin().row_count(), 10'000);
  bank.compactor().RunPending();
  const BankSnapshot compacted = bank->Pin();
  EXPECT_EQ(compacted.row_count(), 1000);
  EXPECT_NE(compacted.layout_id(), old.layout_id());
  EXPECT_EQ(compacted.version(), old.version() + 1);
  auto expected = old_visible;
  for (const uint64_t id : doomed) expected.erase(id);
  EXPECT_EQ(Visible(compacted), expected);
  EXPECT_EQ(Visible(old), old_visible);
  const auto found = bank->Find({9, 19});
  EXPECT_EQ(found->snapshot.payload(found->rows[1]), "p");
  EXPECT_DOUBLE_EQ(compacted.largest_norm(), LargestNorm(expected));
}

TEST(MemoryBankTest, OverwritingOnePatternForEverNeedsNoMoreMemory) {
  TestBank bank(1024, 0, 0, /*budget_bytes=*/2 << 20);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(bank.Store(std::vector<float>(1024, static_cast<float>(i)), {7}).ok()) << i;
  }
  EXPECT_EQ(bank->Pin().pattern_count(), 1);
  EXPECT_EQ(bank->Pin().largest_norm(), 4999 * 32.0);
}

TEST(MemoryBankTest, DeletingMakesRoomEvenWhereASecondCopyDoesNotFit) {
  TestBank bank(1024, 0, 0, /*budget_bytes=*/4 << 20);
  const std::vector<float> batch(1024 * 64, 1.0f);
  std::vector<uint64_t> first_half;
  while (true) {
    const auto stored = bank.Store(batch);
    if (!stored.ok()) break;
    if (stored->ids.front() < 448)
      first_half.insert(first_half.end(), stored->ids.begin(), stored->ids.end());
  }
  ASSERT_EQ(bank.Store(batch).status().code(), absl::StatusCode::kResourceExhausted);
  const int64_t count = bank->Pin().pattern_count();
  ASSERT_TRUE(bank->Delete(first_half, false).ok());
  EXPECT_TRUE(bank.Store(batch).ok());
  EXPECT_EQ(bank->Pin().pattern_count(), count - static_cast<int64_t>(first_half.size()) + 64);
  EXPECT_EQ(static_cast<int64_t>(Visible(bank->Pin()).size()), bank->Pin().pattern_count());
}

// Dead rows in every segment, but fewer than a Store of many needs.
TEST(MemoryBankTest, AStoreThatDeadRowsCannotMakeRoomForLeavesTheLayoutAlone) {
  TestBank bank(1024, 0, 0, /*budget_bytes=*/4 << 20);
  const std::vector<float> batch(1024 * 64, 1.0f);
  ASSERT_TRUE(bank.Store(batch).ok());
  ASSERT_TRUE(bank->Delete({0, 1, 2}, false).ok());
  const uint64_t layout_id = bank->Pin().layout_id();
  const int64_t used = bank.budget().used_bytes();
  EXPECT_EQ(bank.Store(std::vector<float>(1024 * 1024)).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bank->Pin().layout_id(), layout_id) << "compacted in vain";
  EXPECT_EQ(bank.budget().used_bytes(), used);
}

TEST(MemoryBankTest, DeadPayloadsMakeRoomForOthers) {
  TestBank bank(1, 0, 0, /*budget_bytes=*/1 << 20);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store({1}, {7}, {std::string(100 << 10, 'x')}).ok());
  EXPECT_TRUE(bank.Store({1}, {8}, {std::string(600 << 10, 'x')}).ok());
  EXPECT_EQ(bank->memory_bytes(), bank.budget().used_bytes());
}

TEST(MemoryBankTest, CompactionOfADeletedBankLeavesItEmptyAndUsable) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store(std::vector<float>(2 * 5000, 1.0f)).ok());
  std::vector<uint64_t> all(5000);
  for (uint64_t i = 0; i < all.size(); ++i) all[i] = i;
  ASSERT_TRUE(bank->Delete(all, false).ok());
  bank.compactor().RunPending();
  EXPECT_EQ(bank->Pin().row_count(), 0);
  EXPECT_EQ(bank->Pin().largest_norm(), 0);
  EXPECT_THAT(bank.Store({1, 2})->ids, ElementsAre(5000));
}

TEST(MemoryBankTest, MemoryComesBackWhenTheLastSnapshotGoes) {
  MemoryBudget budget(int64_t{1} << 30);
  VolatileJournal journal;
  BankSettings settings;
  settings.name = "test";
  settings.dim = 4;
  auto bank = *MemoryBank::Make(1, settings, &budget, &journal);
  const std::vector<float> rows(400);
  PatternRows batch;
  batch.patterns = {rows.data(), 100, 4};
  ASSERT_TRUE(bank->Store(batch).ok());
  auto snapshot = std::make_unique<BankSnapshot>(bank->Pin());
  bank.reset();
  EXPECT_GT(budget.used_bytes(), 0);
  EXPECT_EQ(Visible(*snapshot).size(), 100u);
  snapshot.reset();
  EXPECT_EQ(budget.used_bytes(), 0);
}

TEST(MemoryBankTest, ClosedBankRefusesWritesAndAnswersReads) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({1}).ok());
  ASSERT_TRUE(bank->Close().ok());
  EXPECT_EQ(bank.Store({2}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(bank->Delete({0}, false).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(bank->Find({0}).ok());
}

// A journal that refuses what it is told to refuse.
class FailingJournal : public VolatileJournal {
 public:
  absl::Status ChangePatterns(int64_t, const BankSettings&, absl::Span<const PatternChange>,
                              const BankCounts&) override {
    return next;
  }
  absl::Status next;
};

TEST(MemoryBankTest, ChangeThatTheJournalRefusesNeverHappened) {
  MemoryBudget budget(int64_t{1} << 30);
  FailingJournal journal;
  BankSettings settings;
  settings.name = "test";
  settings.dim = 1;
  const auto bank = *MemoryBank::Make(1, settings, &budget, &journal);
  const std::vector<float> rows(1000, 1.0f);
  const std::vector<std::string> payloads(1000, "payload");
  PatternRows batch;
  batch.patterns = {rows.data(), 1000, 1};
  batch.payloads = payloads;
  ASSERT_TRUE(bank->Store(batch).ok());
  const auto before = Visible(bank->Pin());
  const int64_t used = budget.used_bytes();
  journal.next = absl::UnavailableError("disk");
  EXPECT_EQ(bank->Store(batch).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(bank->Delete({1, 2}, false).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Visible(bank->Pin()), before);
  EXPECT_EQ(bank->Pin().version(), 1);
  EXPECT_EQ(budget.used_bytes(), used);
  journal.next = absl::OkStatus();
  EXPECT_EQ(bank->Store(batch)->ids.front(), 1000u);
}

// Random changes against a map: the bank is never anything but what the changes so far make it.
TEST(MemoryBankTest, AgreesWithAMapUnderRandomChanges) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TestBank bank(2);
    std::map<uint64_t, std::vector<float>> model;
    for (int step = 0; step < 200; ++step) {
      std::vector<uint64_t> ids;
      while (ids.size() < 1 + random() % 100) {
        const uint64_t id = random() % 20'000;
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
      }
      if (random() % 3 == 0) {
        ASSERT_TRUE(bank->Delete(ids, true).ok());
        for (const uint64_t id : ids) model.erase(id);
        continue;
      }
      std::vector<float> rows;
      for (const uint64_t id : ids) {
        model[id] = {static_cast<float>(step), static_cast<float>(random() % 100)};
        rows.insert(rows.end(), model[id].begin(), model[id].end());
      }
      ASSERT_TRUE(bank.Store(rows, ids).ok());
    }
    EXPECT_EQ(Visible(bank->Pin()), model);
  }
}

TEST(MemoryBankTest, ReadersSeeWholeVersionsWhileWritersWork) {
  TestBank bank(1);
  std::atomic<bool> done{false};
  // Version v has ids 0..99, all with pattern v.
  std::thread writer([&] {
    std::vector<uint64_t> ids(100);
    for (uint64_t i = 0; i < ids.size(); ++i) ids[i] = i;
    for (int version = 1; version <= 500; ++version) {
      ASSERT_TRUE(bank.Store(std::vector<float>(100, static_cast<float>(version)), ids).ok());
    }
    done = true;
  });
  while (!done) {
    const BankSnapshot snapshot = bank->Pin();
    for (const auto& [id, pattern] : Visible(snapshot)) ASSERT_EQ(pattern[0], snapshot.version());
  }
  writer.join();
}

}  // namespace
}  // namespace engram
