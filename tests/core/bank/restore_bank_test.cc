// Banks restored from snapshots on a disk in memory.

#include "core/bank/restore_bank.h"

#include "absl/strings/match.h"
#include "core/bank/restoring_bank.h"
#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/bank/visible_patterns.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

void DoNothing() {}

class RestoreBankTest : public JournalTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    banks_.reset();
    journal_.reset();
    RocksJournalOptions options = Options();
    options.backup_dir = "/backups";
    journal_ = RocksJournal::Open(options).value();
    banks_ = std::make_unique<MemoryBanks>(3, BankMemory{&budget_}, journal_.get(), journal_->next_bank_id());
  }
  SnapshotStore& store() { return GetParam() ? *journal_->backups() : *journal_->snapshots(); }

  // A bank of two versions, `count` patterns and one that was deleted, in the snapshot "a".
  std::shared_ptr<MemoryBank> MakeSnapshot(int64_t count, Durability durability = Durability::kSynced) {
    BankSettings settings = StampedSettings("old", durability);
    settings.max_patterns = 1'000'000;
    settings.default_dynamics.beta = 3.25;
    settings.default_dynamics.max_iterations = 17;
    auto bank = banks_->Create(settings).value();
    std::vector<uint64_t> ids(count + 1);
    std::iota(ids.begin(), ids.end(), 5);
    EXPECT_TRUE(bank->Store(StampedRows(settings, ids, 1).rows()).ok());
    EXPECT_TRUE(bank->Delete({static_cast<uint64_t>(count) + 5}, false).ok());
    const auto made = store().Create("a", NoProgress());
    EXPECT_TRUE(made.ok()) << made.status();
    return bank;
  }
  absl::StatusOr<std::shared_ptr<MemoryBank>> Restore(const std::string& name, const std::string& new_name,
                                                      const ProgressVisitor& progress = NoProgress(),
                                                      const std::function<void()>& on_taken = DoNothing) {
    auto snapshot = store().Open("a");
    if (!snapshot.ok()) return snapshot.status();
    return RestoreBank(**snapshot, name, new_name, banks_.get(), on_taken, progress);
  }
  void ExpectNothingOf(const std::string& name) {
    EXPECT_TRUE(absl::IsNotFound(banks_->FindEntry(name).status()));
    EXPECT_THAT(files_->Files("/data/ingest"), IsEmpty());
  }

  MemoryBudget budget_{int64_t{64} << 20};
  std::unique_ptr<MemoryBanks> banks_;
};

INSTANTIATE_TEST_SUITE_P(Places, RestoreBankTest, testing::Bool(),
                         [](const auto& is_backup) { return is_backup.param ? "Backups" : "Checkpoints"; });

TEST_P(RestoreBankTest, ARestoredBankIsTheOneThatWas) {
  const auto old = MakeSnapshot(30'000);
  const BankSnapshot before = old->Pin();
  ASSERT_TRUE(old->Delete({5, 6, 7}, false).ok());
  std::vector<std::pair<int64_t, int64_t>> steps;
  const auto restored = Restore("old", "new", [&](int64_t done, int64_t total) {
    steps.emplace_back(done, total);
    return absl::OkStatus();
  });
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(*restored, banks_->Find("new").value());
  EXPECT_GT((*restored)->bank_id(), old->bank_id());
  const BankSnapshot after = (*restored)->Pin();
  EXPECT_EQ(Visible(after), Visible(before));
  EXPECT_EQ(after.version(), before.version());
  EXPECT_EQ(after.largest_norm(), before.largest_norm());
  EXPECT_TRUE(std::equal(after.mean().begin(), after.mean().end(), before.mean().begin()));
  EXPECT_EQ(after.settings().name, "new");
  EXPECT_EQ(after.settings().max_patterns, 1'000'000);
  EXPECT_EQ(after.settings().default_dynamics.beta, 3.25);
  EXPECT_EQ(after.settings().default_dynamics.max_iterations, 17);
  EXPECT_EQ(after.settings().create_time, before.settings().create_time);
  // Row bytes, in batches.
  EXPECT_GE(steps.size(), 3);
  EXPECT_EQ(steps.front(), std::make_pair(int64_t{0}, int64_t{30'000 * 8 * 4}));
  EXPECT_EQ(steps.back(), std::make_pair(int64_t{30'000 * 8 * 4}, int64_t{30'000 * 8 * 4}));
  // The next id goes on where it was.
  const StampedRows row(StampedSettings("x"), {30'006}, 2);
  PatternRows next = row.rows();
  next.ids = {};
  EXPECT_EQ((*restored)->Store(next)->ids[0], 30'006);
  // It is durable, and reads as the one that was.
  Open();
  ASSERT_EQ(journal_->banks().size(), 2);
  const StoredBank& stored = journal_->banks()[1];
  EXPECT_EQ(stored.settings->name, "new");
  EXPECT_EQ(stored.counts.version, before.version() + 1);
  EXPECT_EQ(ReadStamps(*journal_, stored.bank_id, *stored.settings)->size(), 30'001);
}

TEST_P(RestoreBankTest, ADeletedBankComesBackUnderItsName) {
  MakeSnapshot(100, Durability::kRelaxed);
  ASSERT_TRUE(banks_->Delete("old").ok());
  ASSERT_TRUE(Restore("old", "old").ok());
  files_->CutPowerAfter(0);
  banks_.reset();
  journal_.reset();
  files_->Restart(/*tears=*/true);
  Open();
  ASSERT_EQ(journal_->banks().size(), 1);
  EXPECT_EQ(ReadStamps(*journal_, journal_->banks()[0].bank_id, *journal_->banks()[0].settings)->size(), 100);
}

TEST_P(RestoreBankTest, OthersAreServedWhileItsNameIsTaken) {
  MakeSnapshot(100);
  int taken = 0;
  const auto look = [&] {
    ++taken;
    EXPECT_EQ(banks_->FindEntry("new")->state, BankEntry::State::kLoading);
    EXPECT_EQ(FindErrorDetails(banks_->Find("new").status())->reason, "BANK_LOADING");
    EXPECT_TRUE(absl::IsUnavailable(banks_->Delete("new")));
    EXPECT_TRUE(absl::IsAlreadyExists(banks_->Create(StampedSettings("new")).status()));
    // Nobody waits for the patterns.
    EXPECT_TRUE(banks_->Create(StampedSettings("other")).ok());
    EXPECT_TRUE(banks_->Delete("other").ok());
  };
  ASSERT_TRUE(Restore("old", "new", NoProgress(), look).ok());
  EXPECT_EQ(taken, 1);
}

TEST_P(RestoreBankTest, WhatCannotBeRestoredLeavesNothing) {
  MakeSnapshot(100);
  const absl::Status missing = Restore("none", "new").status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_EQ(FindErrorDetails(missing)->reason, "BANK_NOT_FOUND");
  EXPECT_TRUE(absl::IsAlreadyExists(Restore("old", "old").status()));
  EXPECT_TRUE(banks_->Find("old").ok());
  ExpectNothingOf("new");
  ASSERT_TRUE(banks_->Create(StampedSettings("b")).ok());
  ASSERT_TRUE(banks_->Create(StampedSettings("c")).ok());
  const absl::Status too_many = Restore("old", "new").status();
  EXPECT_EQ(FindErrorDetails(too_many)->reason, "TOO_MANY_BANKS");
  ExpectNothingOf("new");
}

TEST_P(RestoreBankTest, ABankBeyondTheMemoryBudgetIsRefusedAtOnce) {
  MakeSnapshot(1000);
  const int64_t used = budget_.used_bytes();
  auto reserved = budget_.Reserve(budget_.limit_bytes() - used - 1000, "test");
  const absl::Status status = Restore("old", "new", NoProgress(), [] { FAIL() << "taken"; }).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(FindErrorDetails(status)->reason, "MEMORY_BUDGET");
  ExpectNothingOf("new");
  *reserved = Reservation();
  EXPECT_EQ(budget_.used_bytes(), used);
  EXPECT_TRUE(Restore("old", "new").ok());
}

TEST_P(RestoreBankTest, AnEndHalfwayLeavesNothing) {
  MakeSnapshot(60'000);
  const int64_t used = budget_.used_bytes();
  int calls = 0;
  const absl::Status cancelled = Restore("old", "new", [&](int64_t, int64_t) {
                                   return ++calls == 2 ? absl::CancelledError("enough") : absl::OkStatus();
                                 }).status();
  EXPECT_TRUE(absl::IsCancelled(cancelled)) << cancelled;
  ExpectNothingOf("new");
  EXPECT_EQ(budget_.used_bytes(), used);

  const absl::Status failed = Restore("old", "new", [&](int64_t done, int64_t) {
                                files_->FailWrites(done > 0);
                                return absl::OkStatus();
                              }).status();
  EXPECT_TRUE(absl::IsUnavailable(failed)) << failed;
  files_->FailWrites(false);
  EXPECT_TRUE(absl::IsNotFound(banks_->FindEntry("new").status()));
  EXPECT_EQ(budget_.used_bytes(), used);
  Open();  // Which removes what could not be removed then.
  EXPECT_EQ(journal_->banks().size(), 1);
  ExpectNothingOf("new");

  const absl::Status full = Restore("old", "new", [&](int64_t done, int64_t) {
                              if (done > 0) files_->SetCapacity(files_->used_bytes() + 100);
                              return absl::OkStatus();
                            }).status();
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  files_->SetCapacity(INT64_MAX);
  ExpectNothingOf("new");
  EXPECT_TRUE(Restore("old", "new").ok());
}

TEST_P(RestoreBankTest, ADamagedSnapshotIsNeverServed) {
  MakeSnapshot(20'000);
  std::string largest;
  for (const char* folder : {"/data/snapshots/a", "/backups/shared_checksum"}) {
    for (const std::string& path : files_->Files(folder)) {
      if (largest.empty() || files_->FileSize(path) > files_->FileSize(largest)) largest = path;
    }
  }
  files_->FlipBit(largest, files_->FileSize(largest) * 4);
  const absl::Status status = Restore("old", "new").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  ExpectNothingOf("new");
}

}  // namespace
}  // namespace engram
