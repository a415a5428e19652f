// Each failpoint is reached by what is done here; whether it fails there or the process dies there, a bank is
// as it was before or after.

#include "core/base/failpoint.h"

#include <functional>

#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

TEST(FailpointSettingTest, UnknownNamesAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(SetFailpoint("nothing:1:error")));
  EXPECT_TRUE(absl::IsInvalidArgument(SetFailpoint("create/before_write:0:error")));
  EXPECT_TRUE(absl::IsInvalidArgument(SetFailpoint("create/before_write:1:explode")));
  EXPECT_TRUE(SetFailpoint("create/before_write:2:error").ok());
  EXPECT_TRUE(SetFailpoint("").ok());
}

#ifdef ENGRAM_FAILPOINTS

class FailpointTest : public JournalTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SetFailpoint("").ok());
    options_ = Options();
    options_.bulk_bytes = 20'000;
    options_.backup_dir = "/backups";
  }
  void TearDown() override { ASSERT_TRUE(SetFailpoint("").ok()); }

  // One of everything. Steps that fail leave the bank as it was.
  std::vector<std::function<absl::Status()>> Steps() {
    return {[this] {
              auto opened = RocksJournal::Open(options_);
              if (opened.ok()) journal_ = *std::move(opened);
              return opened.status();
            },
            [this] { return Create(1); },
            [this] { return Store(1, 0, 20); },
            [this] { return Store(1, 10, 500); },  // A large one.
            [this] { return journal_->UpdateBank(1, StampedSettings("bank-1")); },
            [this] { return journal_->snapshots()->Create("s", NoProgress()).status(); },
            [this] { return journal_->backups()->Create("b", NoProgress()).status(); },
            [this] { return Import(); },
            [this] { return journal_->snapshots()->Delete("s"); },
            [this] { return journal_->backups()->Delete("b"); },
            [this] {
              const absl::Status status = journal_->DeleteBank(1);
              if (status.ok()) stamps_.erase(1);
              return status;
            }};
  }
  absl::Status Import() {
    const BankSettings settings = StampedSettings("bank-2");
    std::vector<uint64_t> ids(300);
    std::iota(ids.begin(), ids.end(), 0);
    auto import = journal_->ImportBank(2, settings);
    if (!import.ok()) return import.status();
    absl::Status status = (*import)->Add(StampedRows(settings, ids, ++stamp_).rows());
    if (status.ok()) status = (*import)->Publish({1, 300, 300});
    if (!status.ok()) return status;
    for (const uint64_t id : ids) stamps_[2][id] = stamp_;
    return status;
  }

  RocksJournalOptions options_;
};

TEST_F(FailpointTest, AnErrorAtEachLeavesTheOldState) {
  for (const char* name : kFailpointNames) {
    files_ = std::make_shared<LossyFileSystem>(1);
    options_.env = MakeEnv(files_);
    stamps_.clear();
    ASSERT_TRUE(SetFailpoint(absl::StrCat(name, ":1:error")).ok());
    int failures = 0;
    for (const auto& step : Steps()) {
      absl::Status status = step();
      if (!status.ok()) {
        ++failures;
        EXPECT_TRUE(absl::IsUnavailable(status)) << name << ": " << status;
        if (journal_ != nullptr) ExpectStamps();
        status = step();
      }
      ASSERT_TRUE(status.ok()) << name << ": " << status;
      ExpectStamps();
    }
    EXPECT_GE(FailpointHits(FailpointIndex(name)), 1 + failures) << name;
    journal_.reset();
  }
}

using FailpointDeathTest = FailpointTest;

TEST_F(FailpointDeathTest, TheProcessDiesWhereItIsTold) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        SetFailpoint("change/after_write:1:abort").IgnoreError();
        for (const auto& step : Steps()) step().IgnoreError();
      },
      "failpoint change/after_write");
}

#endif  // ENGRAM_FAILPOINTS

}  // namespace
}  // namespace engram
