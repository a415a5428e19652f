#include "core/bank/bank_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "tests/core/bank/held_journal.h"
#include "tests/core/bank/visible_patterns.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BankLoaderTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<BankLoader>> Make(const BankCounts& counts) {
    BankSettings settings;
    settings.name = "test";
    settings.dim = 2;
    settings.durability = Durability::kSynced;
    return BankLoader::Make(7, settings, counts, {{&budget_}, &journal_, nullptr});
  }
  static absl::Status Add(BankLoader* loader, const std::vector<float>& rows,
                          const std::vector<uint64_t>& ids, const std::vector<std::string>& payloads = {}) {
    PatternRows batch;
    batch.ids = ids;
    batch.patterns = {rows.data(), static_cast<int64_t>(ids.size()), 2};
    batch.payloads = payloads;
    return loader->Add(batch);
  }

  MemoryBudget budget_{int64_t{1} << 20};
  HeldJournal journal_;
};

TEST_F(BankLoaderTest, BankHasThePatternsAndTheCountsThatItHad) {
  const auto loader = *Make({/*version=*/42, /*pattern_count=*/3, /*next_id=*/100});
  ASSERT_TRUE(Add(loader.get(), {1, 2, 3, 4}, {50, 60}, {"fifty", ""}).ok());
  EXPECT_EQ(loader->loaded(), 2);
  ASSERT_TRUE(Add(loader.get(), {5, 6}, {40}).ok());
  const auto bank = *loader->Finish();
  EXPECT_EQ(bank->bank_id(), 7);
  const BankSnapshot snapshot = bank->Pin();
  EXPECT_EQ(snapshot.version(), 42);
  EXPECT_THAT(snapshot.mean(), ElementsAre(3, 4));
  EXPECT_DOUBLE_EQ(snapshot.largest_norm(), std::sqrt(61.0));
  EXPECT_THAT(snapshot.by_id().ids(), ElementsAre(40, 50, 60));
  const auto found = bank->Find({50, 40});
  EXPECT_EQ(found->snapshot.payload(found->rows[0]), "fifty");
  EXPECT_THAT(found->snapshot.pattern(found->rows[1]), ElementsAre(5, 6));
  EXPECT_EQ(bank->memory_bytes(), budget_.used_bytes());
  EXPECT_THAT(journal_.groups(), IsEmpty()) << "it is in the journal already";
}

TEST_F(BankLoaderTest, WritesGoOnWhereTheyStopped) {
  const auto loader = *Make({42, 1, 100});
  ASSERT_TRUE(Add(loader.get(), {1, 2}, {5}).ok());
  const auto bank = *loader->Finish();
  const std::vector<float> row = {3, 4};
  PatternRows batch;
  batch.patterns = {row.data(), 1, 2};
  const auto stored = bank->Store(batch);
  EXPECT_THAT(stored->ids, ElementsAre(100));
  EXPECT_EQ(stored->version, 43);
  EXPECT_EQ(bank->Delete({5}, false)->version, 44);
  EXPECT_EQ(Visible(bank->Pin()).size(), 1u);
}

// All segments are there before the first row comes.
TEST_F(BankLoaderTest, APayloadGoesWithTheSegmentOfItsRow) {
  constexpr int64_t kDim = 16 << 10;
  constexpr int64_t kCount = 600;
  MemoryBudget budget(int64_t{64} << 20);  // Not enough for a second copy.
  BankSettings settings;
  settings.name = "test";
  settings.dim = kDim;
  settings.screening = Screening::kNone;
  const auto loader = *BankLoader::Make(7, settings, {1, kCount, kCount}, {{&budget}, &journal_, nullptr});
  const std::vector<float> row(kDim, 1.0f);
  for (uint64_t id = 0; id < kCount; ++id) {
    PatternRows batch;
    batch.ids = {&id, 1};
    batch.patterns = {row.data(), 1, kDim};
    const std::string payload(id == 0 ? 1000 : 0, 'x');
    batch.payloads = {&payload, 1};
    ASSERT_TRUE(loader->Add(batch).ok());
  }
  const auto bank = *loader->Finish();
  ASSERT_GT(bank->Pin().segment_count(), 1);
  const int64_t capacity = bank->Pin().segment(0).capacity();
  std::vector<uint64_t> first_segment(capacity);
  std::iota(first_segment.begin(), first_segment.end(), uint64_t{0});
  ASSERT_TRUE(bank->Delete(first_segment, false).ok());
  const int64_t used = budget.used_bytes();
  bank->Compact([] { return false; });
  EXPECT_EQ(budget.used_bytes(),
            used - Segment::BytesFor(capacity, settings) - BankRows::PayloadBytes(std::string(1000, 'x')));
  EXPECT_EQ(bank->memory_bytes(), budget.used_bytes());
}

TEST_F(BankLoaderTest, AnEmptyBankKeepsItsVersion) {
  const auto bank = *(*Make({9, 0, 4}))->Finish();
  EXPECT_EQ(bank->Pin().version(), 9);
  EXPECT_EQ(bank->Pin().pattern_count(), 0);
}

TEST_F(BankLoaderTest, MissingSurplusAndDoubledPatternsAreDamage) {
  const auto missing = *Make({1, 2, 2});
  ASSERT_TRUE(Add(missing.get(), {1, 2}, {0}).ok());
  EXPECT_THAT(std::string(missing->Finish().status().message()),
              HasSubstr("got 1 patterns, its record says 2"));
  const auto surplus = *Make({1, 1, 2});
  EXPECT_EQ(Add(surplus.get(), {1, 2, 3, 4}, {0, 1}).code(), absl::StatusCode::kDataLoss);
  const auto doubled = *Make({1, 2, 2});
  EXPECT_THAT(std::string(Add(doubled.get(), {1, 2, 3, 4}, {1, 1}).message()), HasSubstr("there twice"));
  const auto too_new = *Make({1, 1, 2});
  EXPECT_THAT(std::string(Add(too_new.get(), {1, 2}, {2}).message()),
              HasSubstr("pattern 2 is not below the next id 2"));
}

TEST_F(BankLoaderTest, ABankBeyondTheBudgetIsRefusedBeforeItIsRead) {
  EXPECT_EQ(Make({1, 1 << 20, 1 << 20}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(budget_.used_bytes(), 0);
  const auto loader = *Make({1, 1, 1});
  EXPECT_EQ(Add(loader.get(), {1, 2}, {0}, {std::string(1 << 20, 'x')}).code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace engram
