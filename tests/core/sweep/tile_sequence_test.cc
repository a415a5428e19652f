#include "core/sweep/tile_sequence.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

TEST(TileSequenceTest, EveryRowIsInOneTileOrLoose) {
  // Large rows make small segments.
  constexpr int64_t kDim = 60'000;
  TestBank bank(kDim);
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(bank.Store(std::vector<float>(kDim * 29, 1)).ok());
  const BankSnapshot snapshot = bank->Pin();
  ASSERT_GT(snapshot.segment_count(), 2);
  const TileSequence tiles(snapshot);
  EXPECT_EQ(tiles.tile_count() * 16 + static_cast<int64_t>(tiles.loose_rows().size()), 7 * 29);
  std::vector<std::vector<int>> seen(snapshot.segment_count());
  for (int32_t s = 0; s < snapshot.segment_count(); ++s) seen[s].resize(snapshot.rows_in_segment(s));
  int64_t number = 0;
  for (const TileRange& range : tiles.Ranges(0, tiles.tile_count(), 2)) {
    EXPECT_LE(range.count, 2);
    EXPECT_EQ(range.number, number);
    EXPECT_EQ(tiles.Find(number).segment, range.segment);
    EXPECT_EQ(tiles.Find(number).first, range.first);
    number += range.count;
    for (int64_t i = range.first * 16; i < (range.first + range.count) * 16; ++i) ++seen[range.segment][i];
  }
  EXPECT_EQ(number, tiles.tile_count());
  for (const RowRef row : tiles.loose_rows()) ++seen[row.segment][row.index];
  for (const std::vector<int>& segment : seen) EXPECT_EQ(segment, std::vector<int>(segment.size(), 1));
}

TEST(TileSequenceTest, SubsequencesShareOutTilesAndLooseRows) {
  constexpr int64_t kDim = 60'000;
  TestBank bank(kDim);
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(bank.Store(std::vector<float>(kDim * 29, 1)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const TileSequence all(snapshot);
  int64_t tiles = 0;
  size_t loose_rows = 0;
  for (const int32_t rest : {0, 1}) {
    const TileSequence part(snapshot, [&](int32_t s) { return s % 2 == rest; });
    EXPECT_GT(part.tile_count(), 0);
    for (int64_t number = 0; number < part.tile_count(); ++number) {
      EXPECT_EQ(part.Find(number).segment % 2, rest);
    }
    for (const TileRange& range : part.BySegment()) EXPECT_EQ(range.segment % 2, rest);
    for (const RowRef row : part.loose_rows()) EXPECT_EQ(row.segment % 2, rest);
    tiles += part.tile_count();
    loose_rows += part.loose_rows().size();
  }
  EXPECT_EQ(tiles, all.tile_count());
  EXPECT_EQ(loose_rows, all.loose_rows().size());
}

TEST(TileSequenceTest, AnEmptyBankHasNoTiles) {
  TestBank bank(3);
  const TileSequence tiles(bank->Pin());
  EXPECT_EQ(tiles.tile_count(), 0);
  EXPECT_TRUE(tiles.loose_rows().empty());
  EXPECT_TRUE(tiles.Ranges(0, 0, 4).empty());
}

}  // namespace
}  // namespace engram
