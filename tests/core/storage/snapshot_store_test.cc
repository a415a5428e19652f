// Snapshots in both places: what was copied is what there was.

#include "core/storage/snapshot_store.h"

#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "core/storage/byte_record.h"
#include "core/storage/crc32c.h"
#include "core/storage/snapshot_record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/snapshot_fixture.h"

namespace engram {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using SnapshotStoreTest = SnapshotTest;

INSTANTIATE_TEST_SUITE_P(Places, SnapshotStoreTest,
                         testing::Values(Place::kDataDirectory, Place::kBackupDirectory), PlaceName());

TEST_P(SnapshotStoreTest, HoldsTheBanksAsTheyWere) {
  ASSERT_TRUE(Create(1).ok());
  ASSERT_TRUE(Create(2).ok());
  ASSERT_TRUE(Store(1, 0, 30).ok());
  ASSERT_TRUE(Store(2, 0, 800).ok());
  clock_.Advance(absl::Hours(5));
  const absl::Time first_time = clock_.Now();
  Make("a");
  const auto first = stamps_;
  ASSERT_TRUE(Store(1, 10, 900).ok());
  ASSERT_TRUE(Store(2, 5, 10).ok());
  clock_.Advance(absl::Hours(1));
  Make("b.2");
  const auto second = stamps_;
  ASSERT_TRUE(journal_->DeleteBank(2).ok());
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_THAT(Names(), ElementsAre("b.2", "a"));
    ExpectSnapshot("a", first);
    ExpectSnapshot("b.2", second);
    const auto info = store().Get("a");
    ASSERT_TRUE(info.ok());
    EXPECT_TRUE(info->status.ok()) << info->status;
    EXPECT_EQ(info->create_time, first_time);
    EXPECT_GT(info->file_bytes, 10'000);
    ASSERT_EQ(info->banks.size(), 2);
    EXPECT_EQ(info->banks[1].settings->name, "bank-2");
    EXPECT_EQ(info->banks[1].counts.version, 2);
    EXPECT_EQ(info->banks[1].counts.pattern_count, 800);
    const auto findings = store().Verify("a", NoProgress());
    ASSERT_TRUE(findings.ok()) << findings.status();
    EXPECT_THAT(*findings, IsEmpty());
    Open();
  }
  ASSERT_TRUE(store().Delete("a").ok());
  EXPECT_THAT(Names(), ElementsAre("b.2"));
  ExpectSnapshot("b.2", second);
  EXPECT_THAT(log(), Not(HasSubstr("not Engram's")));
}

TEST_P(SnapshotStoreTest, HasNothingAtFirstAndMayHoldNothing) {
  EXPECT_THAT(Names(), IsEmpty());
  Make("empty");
  ExpectSnapshot("empty", {});
}

TEST_P(SnapshotStoreTest, HostileNamesAreRefused) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../x"), std::string("/x"),
        std::string("a/b"), std::string(".x"), std::string("-x"), std::string("x.tmp"), std::string("x y"),
        std::string("x\0y", 3), std::string("\xc3\xa4"), std::string(129, 'x'), std::string(200, 'x')}) {
    for (const absl::Status& status :
         {store().Create(name, NoProgress()).status(), store().Get(name).status(),
          store().Open(name).status(), store().Verify(name, NoProgress()).status(), store().Delete(name)}) {
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << name << ": " << status;
    }
  }
  Make(std::string(128, 'x'));
}

TEST_P(SnapshotStoreTest, NamesThatStandForUnreadableOnesAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(store().Create("unreadable-7", NoProgress()).status()));
  EXPECT_TRUE(absl::IsNotFound(store().Delete("unreadable-7")));
}

TEST_P(SnapshotStoreTest, UnknownNamesAreNotFoundAndKnownOnesExist) {
  for (const absl::Status& status : {store().Get("a").status(), store().Open("a").status(),
                                     store().Verify("a", NoProgress()).status(), store().Delete("a")}) {
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    EXPECT_EQ(ReasonOf(status), "SNAPSHOT_NOT_FOUND");
  }
  Make("a");
  const absl::Status again = store().Create("a", NoProgress()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_EQ(ReasonOf(again), "SNAPSHOT_EXISTS");
}

TEST_P(SnapshotStoreTest, OneIsAtWorkAtATimeAndListsDoNotWait) {
  Make("a");
  {
    const auto snapshot = store().Open("a");
    ASSERT_TRUE(snapshot.ok());
    for (const absl::Status& status : {store().Create("b", NoProgress()).status(), store().Open("a").status(),
                                       store().Verify("a", NoProgress()).status(), store().Delete("a")}) {
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      EXPECT_EQ(ReasonOf(status), "SNAPSHOTS_BUSY");
    }
    EXPECT_THAT(Names(), ElementsAre("a"));
    EXPECT_TRUE(store().Get("a").ok());
  }
  EXPECT_TRUE(store().Delete("a").ok());
}

// Writers, each of a bank of its own: small stores, large ones and deletions. A version says what the
// bank holds, so that any state between two changes shows.
TEST_P(SnapshotStoreTest, EachBankIsAsAfterOneOfItsChangesWhileOthersWrite) {
  constexpr int kWriters = 3;
  files_->SetSyncTime(absl::Milliseconds(2));
  std::atomic<bool> is_done = false;
  std::vector<std::map<int64_t, Stamps>> histories(kWriters);
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    const BankSettings settings = StampedSettings(absl::StrCat("bank-", w + 1), Durability::kRelaxed);
    ASSERT_TRUE(journal_->CreateBank(w + 1, settings).ok());
    writers.emplace_back([&, w, settings] {
      Stamps stamps;
      histories[w][0] = stamps;
      for (uint32_t version = 1; !is_done; ++version) {
        const int64_t count = version % 3 == 0 ? 400 : 7;  // Of three one is large.
        std::vector<uint64_t> ids(count);
        std::iota(ids.begin(), ids.end(), version % 50);
        const StampedRows rows(settings, ids, version);
        for (const uint64_t id : ids) stamps[id] = version;
        histories[w][version] = stamps;
        const BankCounts counts{version, static_cast<int64_t>(stamps.size()), 1000};
        ASSERT_TRUE(journal_->ChangePatterns(w + 1, settings, {PatternChange{rows.rows(), {}}}, counts).ok());
      }
    });
  }
  for (int i = 0; i < 6; ++i) Make(absl::StrCat("s", i));
  is_done = true;
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < 6; ++i) {
    const auto snapshot = store().Open(absl::StrCat("s", i));
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    ASSERT_EQ((*snapshot)->banks().size(), kWriters);
    for (const StoredBank& bank : (*snapshot)->banks()) {
      const auto found = ReadStamps(**snapshot, bank.bank_id, *bank.settings);
      ASSERT_TRUE(found.ok()) << i << ": " << found.status();
      EXPECT_EQ(*found, histories[bank.bank_id - 1].at(bank.counts.version))
          << i << ", bank " << bank.bank_id;
    }
  }
}

TEST(SnapshotRecordTest, OneOfANewerEngramIsNotDamaged) {
  std::string record = EncodeSnapshotRecord({"a", absl::UnixEpoch(), {}});
  ASSERT_TRUE(DecodeSnapshotRecord(record).ok());
  record[0] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeSnapshotRecord(record).status()));
  record.resize(record.size() - 4);
  ByteWriter(&record).U32(MaskedCrc32c(record));
  const absl::Status status = DecodeSnapshotRecord(record).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_P(SnapshotStoreTest, LogFilesAppearNowhere) {
  ASSERT_TRUE(Create(1).ok());
  Make("a");
  for (const char* folder : {"/data", "/backups", "/data/snapshots/a", "/backups/private/1"}) {
    for (const std::string& path : files_->Files(folder)) {
      EXPECT_FALSE(absl::EndsWith(path, "/LOG") || absl::StrContains(path, "LOG.old")) << path;
    }
  }
}

}  // namespace
}  // namespace engram
