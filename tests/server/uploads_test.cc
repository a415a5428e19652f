#include "server/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "server/limits.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kBudgetBytes = int64_t{1} << 20;

class TestClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration duration) { now_ += duration; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1000);
};

std::string ReasonOf(const absl::Status& status) {
  const auto details = FindErrorDetails(status);
  return details.has_value() ? details->reason : "";
}

class UploadsTest : public ::testing::Test {
 protected:
  std::shared_ptr<MemoryBank> MakeBank(int64_t max_patterns = 0) {
    BankSettings settings;
    settings.name = "bank";
    settings.dim = 1;
    settings.max_patterns = max_patterns;
    return *MemoryBank::Make(1, settings, &budget_, &journal_);
  }

  // Adds patterns [n, 1].
  static absl::StatusOr<Upload::Progress> Add(Upload* upload, int64_t stream, int64_t row_offset,
                                              const std::vector<float>& rows,
                                              const std::vector<uint64_t>& ids = {},
                                              const std::vector<std::string>& payloads = {}) {
    PatternRows batch;
    batch.ids = ids;
    batch.patterns = {rows.data(), static_cast<int64_t>(rows.size()), 1};
    batch.payloads = payloads;
    return upload->Add(stream, row_offset, batch);
  }

  TestClock clock_;
  VolatileJournal journal_;
  MemoryBudget budget_{kBudgetBytes};
  std::shared_ptr<MemoryBank> bank_ = MakeBank();
  Uploads uploads_{&budget_, &clock_};
};

TEST_F(UploadsTest, IdsAreLongAndDistinct) {
  std::set<std::string> ids;
  for (int i = 0; i < Limits::kMaxUploads; ++i) {
    const std::string id = (*uploads_.Begin(bank_, false))->id();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_TRUE(ids.insert(id).second);
  }
}

TEST_F(UploadsTest, RowsAreVisibleAsTheyAreAcknowledged) {
  const auto upload = *uploads_.Begin(bank_, false);
  const int64_t stream = upload->Attach();
  EXPECT_THAT(Add(upload.get(), stream, 0, {1, 2})->ids, ElementsAre(0, 1));
  const auto progress = Add(upload.get(), stream, 2, {3});
  EXPECT_EQ(progress->row_offset, 3);
  EXPECT_EQ(progress->version, 2);
  EXPECT_EQ(bank_->Pin().pattern_count(), 3);
  const auto finished = upload->Finish(stream);
  EXPECT_EQ(finished->row_offset, 3);
  EXPECT_EQ(finished->version, 2);
  EXPECT_THAT(finished->ids, IsEmpty());
}

TEST_F(UploadsTest, AtomicRowsAreVisibleAtTheEndAllAtOnce) {
  const auto upload = *uploads_.Begin(bank_, true);
  const int64_t stream = upload->Attach();
  EXPECT_THAT(Add(upload.get(), stream, 0, {1, 2}, {7, 8})->ids, IsEmpty());
  EXPECT_EQ(Add(upload.get(), stream, 2, {3}, {5}, {"payload"})->version, 0);
  EXPECT_EQ(bank_->Pin().version(), 0);
  const auto finished = upload->Finish(stream);
  EXPECT_EQ(finished->version, 1);
  EXPECT_THAT(finished->ids, ElementsAre(7, 8, 5));
  const auto found = bank_->Find({5, 7});
  EXPECT_THAT(found->snapshot.pattern(found->rows[0]), ElementsAre(3));
  EXPECT_EQ(found->snapshot.payload(found->rows[0]), "payload");
  EXPECT_EQ(found->snapshot.payload(found->rows[1]), "");
}

TEST_F(UploadsTest, AChunkElsewhereChangesNothing) {
  for (const bool atomic : {false, true}) {
    const auto upload = *uploads_.Begin(bank_, atomic);
    const int64_t stream = upload->Attach();
    ASSERT_TRUE(Add(upload.get(), stream, 0, {1}).ok());
    for (const int64_t offset : {-1, 0, 2}) {
      const absl::Status status = Add(upload.get(), stream, offset, {2}).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(ReasonOf(status), "WRONG_OFFSET");
    }
    EXPECT_EQ(upload->progress().row_offset, 1);
  }
}

TEST_F(UploadsTest, IdsComeAlwaysOrNever) {
  for (const bool atomic : {false, true}) {
    const auto upload = *uploads_.Begin(bank_, atomic);
    const int64_t stream = upload->Attach();
    ASSERT_TRUE(Add(upload.get(), stream, 0, {1}, {50}).ok());
    EXPECT_EQ(FindErrorDetails(Add(upload.get(), stream, 1, {1}).status())->field, "ids");
    EXPECT_TRUE(Add(upload.get(), stream, 1, {1}, {51}).ok());
  }
}

TEST_F(UploadsTest, AnIdTwiceIsRefusedOnlyWhereItWouldBeAmbiguous) {
  const auto atomic = *uploads_.Begin(bank_, true);
  const int64_t stream = atomic->Attach();
  ASSERT_TRUE(Add(atomic.get(), stream, 0, {1}, {7}).ok());
  EXPECT_EQ(FindErrorDetails(Add(atomic.get(), stream, 1, {2, 3}, {8, 7}).status())->field, "ids[1]");
  EXPECT_EQ(atomic->progress().row_offset, 1);
  EXPECT_TRUE(Add(atomic.get(), stream, 1, {2}, {8}).ok());
  const auto plain = *uploads_.Begin(bank_, false);
  const int64_t other = plain->Attach();
  ASSERT_TRUE(Add(plain.get(), other, 0, {1}, {7}).ok());
  EXPECT_TRUE(Add(plain.get(), other, 1, {2}, {7}).ok());
  EXPECT_EQ(bank_->Pin().pattern_count(), 1);
}

TEST_F(UploadsTest, OnlyTheNewestStreamMayAdd) {
  const auto upload = *uploads_.Begin(bank_, false);
  const int64_t old = upload->Attach();
  const int64_t newer = upload->Attach();
  EXPECT_EQ(ReasonOf(Add(upload.get(), old, 0, {1}).status()), "UPLOAD_RESUMED");
  EXPECT_EQ(ReasonOf(upload->Finish(old).status()), "UPLOAD_RESUMED");
  EXPECT_TRUE(Add(upload.get(), newer, 0, {1}).ok());
}

TEST_F(UploadsTest, AFinishThatFailsCanBeRepeated) {
  const auto bounded = MakeBank(/*max_patterns=*/1);
  const auto upload = *uploads_.Begin(bounded, true);
  const int64_t stream = upload->Attach();
  ASSERT_TRUE(Add(upload.get(), stream, 0, {1, 2}).ok());
  EXPECT_EQ(upload->Finish(stream).status().code(), absl::StatusCode::kResourceExhausted);
  BankSettings settings = *bounded->settings();
  settings.max_patterns = 0;
  ASSERT_TRUE(*bounded->Update(bounded->settings(), settings));
  EXPECT_EQ(upload->Finish(stream)->ids.size(), 2u);
  EXPECT_EQ(ReasonOf(upload->Finish(stream).status()), "UPLOAD_NOT_FOUND");
}

TEST_F(UploadsTest, AtomicRowsTakeUpTheBudgetUntilTheyAreDropped) {
  const int64_t before = budget_.used_bytes();
  auto upload = *uploads_.Begin(bank_, true);
  const int64_t stream = upload->Attach();
  ASSERT_TRUE(Add(upload.get(), stream, 0, std::vector<float>(1000), {}, {}).ok());
  EXPECT_GE(budget_.used_bytes() - before, 4000);
  int64_t rows = 1000;
  absl::Status status;
  while (status.ok()) {
    const int64_t used = budget_.used_bytes();
    status = Add(upload.get(), stream, rows, std::vector<float>(1000)).status();
    if (status.ok()) {
      rows += 1000;
    } else {
      EXPECT_EQ(budget_.used_bytes(), used);
    }
  }
  EXPECT_EQ(ReasonOf(status), "MEMORY_BUDGET");
  EXPECT_EQ(upload->progress().row_offset, rows);
  ASSERT_TRUE(bank_->Close().ok());
  uploads_.DropStale();
  EXPECT_EQ(budget_.used_bytes(), before);
  EXPECT_EQ(ReasonOf(Add(upload.get(), stream, rows, {1}).status()), "UPLOAD_NOT_FOUND");
}

TEST_F(UploadsTest, PayloadsAreGivenBackWhereTheirRowsHaveNoRoom) {
  const auto upload = *uploads_.Begin(bank_, true);
  const int64_t stream = upload->Attach();
  const int64_t used = budget_.used_bytes();
  const std::vector<std::string> payloads(20'000, std::string(30, 'x'));
  EXPECT_FALSE(Add(upload.get(), stream, 0, std::vector<float>(20'000), {}, payloads).ok());
  EXPECT_EQ(budget_.used_bytes(), used);
}

TEST_F(UploadsTest, AnUploadIsForgottenAfterAnHourWithoutAChunk) {
  const std::string id = (*uploads_.Begin(bank_, true))->id();
  clock_.Advance(absl::Minutes(59));
  ASSERT_TRUE(uploads_.Find(id, *bank_).ok());
  clock_.Advance(absl::Minutes(59));
  ASSERT_TRUE(uploads_.Find(id, *bank_).ok());
  clock_.Advance(absl::Hours(1));
  const absl::Status status = uploads_.Find(id, *bank_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "UPLOAD_NOT_FOUND");
}

TEST_F(UploadsTest, AnUploadBelongsToItsBank) {
  const auto upload = *uploads_.Begin(bank_, false);
  const auto other = MakeBank();
  EXPECT_EQ(ReasonOf(uploads_.Find(upload->id(), *other).status()), "UPLOAD_NOT_FOUND");
  EXPECT_EQ(*uploads_.Find(upload->id(), *bank_), upload);
}

TEST_F(UploadsTest, ADeletedBankHasNoUploads) {
  const auto upload = *uploads_.Begin(bank_, false);
  ASSERT_TRUE(bank_->Close().ok());
  EXPECT_FALSE(uploads_.Find(upload->id(), *bank_).ok());
  EXPECT_EQ(ReasonOf(uploads_.Begin(bank_, false).status()), "BANK_NOT_FOUND");
}

TEST_F(UploadsTest, ThereAreOnlySoManyUntilOneIsFinishedOrForgotten) {
  std::string first;
  for (int i = 0; i < Limits::kMaxUploads; ++i) {
    const auto upload = *uploads_.Begin(bank_, false);
    if (i == 0) first = upload->id();
  }
  const absl::Status status = uploads_.Begin(bank_, false).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_UPLOADS");
  uploads_.Remove(first);
  EXPECT_TRUE(uploads_.Begin(bank_, false).ok());
  EXPECT_FALSE(uploads_.Begin(bank_, false).ok());
  clock_.Advance(Limits::kUploadIdle);
  EXPECT_TRUE(uploads_.Begin(bank_, false).ok());
}

TEST_F(UploadsTest, TheOneAbandonedForLongestMakesRoom) {
  std::vector<std::shared_ptr<Upload>> uploads;
  for (int i = 0; i < Limits::kMaxUploads; ++i) {
    uploads.push_back(*uploads_.Begin(bank_, true));
    uploads.back()->Attach();
    clock_.Advance(absl::Seconds(1));
  }
  ASSERT_TRUE(Add(uploads[5].get(), 1, 0, {1}).ok());
  ASSERT_TRUE(uploads[7]->Detach(1));
  ASSERT_TRUE(uploads[5]->Detach(1));
  EXPECT_TRUE(uploads_.Begin(bank_, false).ok());
  EXPECT_EQ(ReasonOf(uploads_.Find(uploads[5]->id(), *bank_).status()), "UPLOAD_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Add(uploads[5].get(), 1, 1, {1}).status()), "UPLOAD_NOT_FOUND");
  EXPECT_TRUE(uploads_.Find(uploads[7]->id(), *bank_).ok());
  EXPECT_TRUE(uploads_.Begin(bank_, false).ok());
  EXPECT_EQ(ReasonOf(uploads_.Begin(bank_, false).status()), "TOO_MANY_UPLOADS");
}

TEST_F(UploadsTest, AnOlderStreamDoesNotDetachTheNewest) {
  const auto upload = *uploads_.Begin(bank_, false);
  const int64_t old = upload->Attach();
  const int64_t newer = upload->Attach();
  EXPECT_FALSE(upload->Detach(old));
  EXPECT_TRUE(upload->attached());
  EXPECT_TRUE(upload->Detach(newer));
  EXPECT_FALSE(upload->attached());
}

TEST_F(UploadsTest, ARemovedUploadGivesItsMemoryBack) {
  const int64_t before = budget_.used_bytes();
  const auto upload = *uploads_.Begin(bank_, true);
  ASSERT_TRUE(Add(upload.get(), upload->Attach(), 0, std::vector<float>(1000)).ok());
  uploads_.Remove(upload->id());
  EXPECT_EQ(budget_.used_bytes(), before);
}

TEST_F(UploadsTest, GrowingNeedsRoomForOldAndNewRowsAtOnce) {
  const auto upload = *uploads_.Begin(bank_, true);
  const int64_t stream = upload->Attach();
  ASSERT_TRUE(Add(upload.get(), stream, 0, std::vector<float>(10'000)).ok());
  const int64_t used = budget_.used_bytes();
  ASSERT_GT(used, kBudgetBytes / 2);
  EXPECT_EQ(ReasonOf(Add(upload.get(), stream, 10'000, {1}).status()), "MEMORY_BUDGET");
  EXPECT_EQ(budget_.used_bytes(), used);
}

TEST_F(UploadsTest, UploadsAtOnceLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kChunks = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const auto upload = *uploads_.Begin(bank_, t % 2 == 0);
      const int64_t stream = upload->Attach();
      for (int i = 0; i < kChunks; ++i) {
        const uint64_t id = t * kChunks + i;
        EXPECT_TRUE(Add((*uploads_.Find(upload->id(), *bank_)).get(), stream, i, {1}, {id}).ok());
        uploads_.DropStale();
      }
      EXPECT_TRUE(upload->Finish(stream).ok());
      uploads_.Remove(upload->id());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bank_->Pin().pattern_count(), kThreads * kChunks);
}

}  // namespace
}  // namespace engram
