#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "core/bank/memory_bank.h"
#include "tests/core/bank/held_journal.h"
#include "tests/core/bank/visible_patterns.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A bank of rows [1, 1] whose journal can be held, so that writes gather behind the one that it has.
class GroupCommitTest : public ::testing::Test {
 protected:
  explicit GroupCommitTest(int64_t max_patterns = 0) {
    BankSettings settings;
    settings.name = "test";
    settings.dim = 1;
    settings.max_patterns = max_patterns;
    settings.durability = Durability::kSynced;
    bank_ = *MemoryBank::Make(1, settings, &budget_, &journal_);
  }
  ~GroupCommitTest() override { EXPECT_TRUE(journal_.agrees()); }

  absl::StatusOr<MemoryBank::Stored> Store(float x, const std::vector<uint64_t>& ids = {}) {
    PatternRows rows;
    rows.ids = ids;
    rows.patterns = {&x, 1, 1};
    return bank_->Store(rows);
  }

  // Runs `write` on a thread, which waits behind those before it.
  template <typename Write>
  void Queue(Write write) {
    const int64_t before = bank_->waiting_writes();
    threads_.emplace_back(std::move(write));
    while (bank_->waiting_writes() == before) std::this_thread::yield();
  }
  void QueueStore(float x, const std::vector<uint64_t>& ids, absl::StatusOr<MemoryBank::Stored>* stored) {
    Queue([=] { *stored = Store(x, ids); });
  }
  // Holds the journal in the middle of a Store of 0 under id 0.
  void HoldBehindAStore() {
    journal_.Hold();
    Queue([this] { EXPECT_TRUE(Store(0, {0}).ok()); });
    journal_.AwaitCall();
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void Release() {
    journal_.Release();
    Join();
  }

  MemoryBudget budget_{int64_t{1} << 30};
  HeldJournal journal_;
  std::shared_ptr<MemoryBank> bank_;

 private:
  std::vector<std::thread> threads_;
};

TEST_F(GroupCommitTest, StoresThatWaitReachTheJournalTogether) {
  constexpr int kStores = 31;
  std::vector<absl::StatusOr<MemoryBank::Stored>> stored(kStores);
  HoldBehindAStore();
  for (int i = 0; i < kStores; ++i) QueueStore(static_cast<float>(i), {}, &stored[i]);
  EXPECT_EQ(bank_->Pin().version(), 0) << "nothing is visible before it is durable";
  Release();
  EXPECT_THAT(journal_.groups(), ElementsAre(1, kStores));
  for (int i = 0; i < kStores; ++i) {
    EXPECT_THAT(stored[i]->ids, ElementsAre(i + 1));
    EXPECT_EQ(stored[i]->version, i + 2);
  }
  EXPECT_EQ(bank_->Pin().version(), kStores + 1);
  EXPECT_EQ(Visible(bank_->Pin()), journal_.patterns());
}

TEST_F(GroupCommitTest, PinsAndFindsDoNotWaitForTheJournal) {
  ASSERT_TRUE(Store(7, {7}).ok());
  HoldBehindAStore();
  EXPECT_EQ(bank_->Pin().version(), 1);
  EXPECT_TRUE(bank_->Find({7}).ok());
  EXPECT_FALSE(bank_->Find({0}).ok());
  Release();
  EXPECT_TRUE(bank_->Find({0}).ok());
}

TEST_F(GroupCommitTest, AWriteThatCannotBeDoneFailsAlone) {
  ASSERT_TRUE(Store(5, {5}).ok());
  absl::StatusOr<MemoryBank::Stored> first, last, beyond;
  absl::StatusOr<MemoryBank::Deleted> missing, none, deleted;
  HoldBehindAStore();
  QueueStore(1, {1}, &first);
  Queue([&] { missing = bank_->Delete({99}, false); });
  Queue([&] { none = bank_->Delete({98}, true); });
  Queue([&] { deleted = bank_->Delete({5, 97}, true); });
  QueueStore(2, {MemoryBank::kIdLimit - 1}, &last);
  QueueStore(3, {}, &beyond);
  Release();
  EXPECT_THAT(journal_.groups(), ElementsAre(1, 1, 3));
  EXPECT_EQ(first->version, 3);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(none->version, 3);
  EXPECT_EQ(deleted->count, 1);
  EXPECT_EQ(deleted->version, 4);
  EXPECT_EQ(last->version, 5);
  EXPECT_EQ(beyond.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Visible(bank_->Pin()), journal_.patterns());
}

class LimitedGroupCommitTest : public GroupCommitTest {
 protected:
  LimitedGroupCommitTest() : GroupCommitTest(/*max_patterns=*/2) {}
};

TEST_F(LimitedGroupCommitTest, TheLimitCountsWhatTheGroupHasDoneSoFar) {
  absl::StatusOr<MemoryBank::Stored> fits, too_many, fits_again;
  absl::StatusOr<MemoryBank::Deleted> deleted;
  HoldBehindAStore();
  QueueStore(1, {1}, &fits);
  QueueStore(2, {2}, &too_many);
  Queue([&] { deleted = bank_->Delete({0}, false); });
  QueueStore(3, {3}, &fits_again);
  Release();
  EXPECT_THAT(journal_.groups(), ElementsAre(1, 3));
  EXPECT_TRUE(fits.ok());
  EXPECT_THAT(std::string(too_many.status().message()), HasSubstr("would have 3 patterns, its limit is 2"));
  EXPECT_TRUE(deleted.ok());
  EXPECT_TRUE(fits_again.ok());
}

TEST_F(GroupCommitTest, WritesToOnePatternGoOneAfterAnother) {
  absl::StatusOr<MemoryBank::Stored> stored, replaced, other;
  absl::StatusOr<MemoryBank::Deleted> deleted;
  HoldBehindAStore();
  QueueStore(1, {1}, &stored);
  QueueStore(9, {9}, &other);
  QueueStore(2, {1}, &replaced);
  Queue([&] { deleted = bank_->Delete({1}, false); });
  Release();
  EXPECT_THAT(journal_.groups(), ElementsAre(1, 2, 1, 1));
  EXPECT_EQ(stored->version, 2);
  EXPECT_EQ(other->version, 3);
  EXPECT_EQ(replaced->version, 4);
  EXPECT_EQ(deleted->version, 5);
  EXPECT_EQ(Visible(bank_->Pin()).count(1), 0u);
}

TEST_F(GroupCommitTest, AssignedIdsAreNotGivenToOthersInTheGroup) {
  absl::StatusOr<MemoryBank::Stored> assigned, given;
  HoldBehindAStore();
  QueueStore(1, {}, &assigned);
  QueueStore(2, {1}, &given);
  Release();
  EXPECT_THAT(assigned->ids, ElementsAre(1));
  EXPECT_THAT(journal_.groups(), ElementsAre(1, 1, 1)) << "the second replaces the first";
  EXPECT_THAT(Visible(bank_->Pin())[1], ElementsAre(2));
}

TEST_F(GroupCommitTest, ALargeStoreGoesAlone) {
  const std::vector<float> rows(300'000);
  absl::StatusOr<MemoryBank::Stored> small, large, last;
  HoldBehindAStore();
  QueueStore(1, {}, &small);
  Queue([&] {
    PatternRows batch;
    batch.patterns = {rows.data(), static_cast<int64_t>(rows.size()), 1};
    large = bank_->Store(batch);
  });
  QueueStore(2, {}, &last);
  Release();
  EXPECT_THAT(journal_.groups(), ElementsAre(1, 1, 1, 1));
  EXPECT_EQ(last->ids.front(), 300'002u);
}

TEST_F(GroupCommitTest, AGroupThatTheJournalRefusesNeverHappened) {
  ASSERT_TRUE(Store(5, {5}).ok());
  const auto before = Visible(bank_->Pin());
  const int64_t used = budget_.used_bytes();
  std::vector<absl::Status> statuses(8);
  journal_.Hold();
  Queue([&] { statuses[0] = bank_->Delete({5}, false).status(); });
  journal_.AwaitCall();
  journal_.FailEvery(1);
  for (size_t i = 1; i < statuses.size(); ++i) {
    Queue([&, i] { statuses[i] = Store(1).status(); });
  }
  Release();
  for (const absl::Status& status : statuses) EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Visible(bank_->Pin()), before);
  EXPECT_EQ(bank_->Pin().version(), 1);
  EXPECT_EQ(budget_.used_bytes(), used);
  journal_.FailEvery(0);
  EXPECT_THAT(Store(6)->ids, ElementsAre(6));
  EXPECT_EQ(bank_->Pin().version(), 2);
}

TEST_F(GroupCommitTest, UpdatesAndTheEndComeInTheirTurn) {
  absl::StatusOr<MemoryBank::Stored> before, too_many, late;
  absl::StatusOr<bool> updated = false;
  absl::Status closed;
  BankSettings settings = *bank_->settings();
  settings.max_patterns = 2;
  HoldBehindAStore();
  QueueStore(1, {1}, &before);
  Queue([&] { updated = bank_->Update(bank_->settings(), settings); });
  QueueStore(2, {2}, &too_many);
  Queue([&] { closed = bank_->Close(); });
  QueueStore(1, {1}, &late);
  Release();
  EXPECT_TRUE(before.ok());
  EXPECT_TRUE(*updated);
  EXPECT_EQ(too_many.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(closed.ok());
  EXPECT_EQ(late.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(journal_.deleted(), ElementsAre(1));
  EXPECT_EQ(Visible(bank_->Pin()).size(), 2u);
}

TEST_F(GroupCommitTest, ABankThatTheJournalCannotDeleteGoesOn) {
  journal_.FailEvery(1);
  EXPECT_EQ(bank_->Close().code(), absl::StatusCode::kUnavailable);
  journal_.FailEvery(0);
  EXPECT_FALSE(bank_->closed());
  EXPECT_TRUE(Store(1).ok());
}

// Each writer has its own ids; the journal fails now and then; readers look on.
TEST_F(GroupCommitTest, WhatIsAcknowledgedIsVisibleAndDurableWhoeverElseWrites) {
  constexpr int kWriters = 32;
  constexpr int kWrites = 200;
  journal_.FailEvery(7);
  std::vector<std::vector<int64_t>> versions(kWriters);
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      std::map<uint64_t, float> mine;
      for (int i = 0; i < kWrites; ++i) {
        const uint64_t id = t * 10 + random() % 10;
        const auto x = static_cast<float>(i);
        if (random() % 3 == 0) {
          const auto deleted = bank_->Delete({id}, true);
          if (!deleted.ok()) continue;
          EXPECT_EQ(deleted->count, static_cast<int64_t>(mine.erase(id)));
          if (deleted->count > 0) versions[t].push_back(deleted->version);
          EXPECT_GE(bank_->Pin().version(), deleted->version);
        } else {
          const auto stored = Store(x, {id});
          if (!stored.ok()) continue;
          mine[id] = x;
          versions[t].push_back(stored->version);
        }
        const auto found = bank_->Find({id});
        ASSERT_EQ(found.ok(), mine.count(id) == 1);
        if (!found.ok()) continue;
        EXPECT_THAT(found->snapshot.pattern(found->rows[0]), ElementsAre(mine[id]));
      }
      --writing;
    });
  }
  int64_t last_version = 0;
  while (writing > 0) {
    const BankSnapshot snapshot = bank_->Pin();
    EXPECT_GE(snapshot.version(), last_version);
    last_version = snapshot.version();
    const auto visible = Visible(snapshot);
    EXPECT_EQ(visible, Visible(snapshot));
  }
  for (std::thread& thread : threads) thread.join();
  std::set<int64_t> all;
  size_t count = 0;
  for (const auto& of_writer : versions) {
    EXPECT_TRUE(std::is_sorted(of_writer.begin(), of_writer.end()));
    all.insert(of_writer.begin(), of_writer.end());
    count += of_writer.size();
  }
  EXPECT_EQ(all.size(), count) << "two writes have the same version";
  EXPECT_EQ(bank_->Pin().version(), static_cast<int64_t>(count)) << "a version is missing";
  EXPECT_EQ(Visible(bank_->Pin()), journal_.patterns());
  EXPECT_EQ(journal_.counts().version, bank_->Pin().version());
}

}  // namespace
}  // namespace engram
