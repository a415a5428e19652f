#include "core/sweep/cpu/recalled_patterns.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

class RecalledPatternsTest : public ::testing::Test {
 protected:
  RecalledPatternsTest() { EXPECT_TRUE(bank_.Store({2, 0, 0, 1, 1, 1}).ok()); }

  // The key of `state`, of which all rows are known.
  std::optional<RecalledPatterns::Key> KeyOf(const std::vector<double>& state) {
    const BankSnapshot bank = bank_->Pin();
    const SweepState sweep{state, Cut::Largest(1), bank.version()};
    return RecalledPatterns::KeyOf(bank, sweep, AllRows());
  }
  // With scores for the state (2, 0).
  static SurvivorList AllRows() { return {{0, 1, {0, 1}}, {4, 0, {0, 0}}, {2, 2, {0, 2}}}; }

  TestBank bank_{2};
  RecalledPatterns recalled_;
};

TEST_F(RecalledPatternsTest, OnlyAStateThatIsTheBestPatternHasAKey) {
  EXPECT_TRUE(KeyOf({2, 0}).has_value());
  EXPECT_FALSE(KeyOf({2, 1e-300}).has_value());
  EXPECT_FALSE(KeyOf({0, 1}).has_value()) << "another pattern leads";
  const BankSnapshot bank = bank_->Pin();
  const std::vector<double> state = {2, 0};
  EXPECT_FALSE(RecalledPatterns::KeyOf(bank, {state, Cut::Largest(1), 1}, {}).has_value());
}

TEST_F(RecalledPatternsTest, FindsWhatACutKeepsIfItIsKnown) {
  const RecalledPatterns::Key key = *KeyOf({2, 0});
  SurvivorList found;
  EXPECT_FALSE(recalled_.Find(key, Cut::Largest(1), &found));
  // Rows with scores of 2 and more are known.
  recalled_.Remember(key, 2, {{2, 2, {0, 2}}, {4, 0, {0, 0}}});
  ASSERT_TRUE(recalled_.Find(key, Cut::Largest(2), &found));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, 0u);
  EXPECT_EQ(found[1].score, 2);
  EXPECT_FALSE(recalled_.Find(key, Cut::Largest(3), &found)) << "the third is not known";
  EXPECT_EQ(found.size(), 2u);
}

TEST_F(RecalledPatternsTest, OtherVersionsAndLayoutsAreOthers) {
  const RecalledPatterns::Key key = *KeyOf({2, 0});
  recalled_.Remember(key, 2, AllRows());
  SurvivorList found;
  RecalledPatterns::Key later = key;
  ++later.version;
  EXPECT_FALSE(recalled_.Find(later, Cut::Largest(1), &found));
  RecalledPatterns::Key elsewhere = key;
  ++elsewhere.layout_id;
  EXPECT_FALSE(recalled_.Find(elsewhere, Cut::Largest(1), &found));
}

TEST_F(RecalledPatternsTest, ForgetsRatherThanGrow) {
  RecalledPatterns::Key key = *KeyOf({2, 0});
  SurvivorList found;
  recalled_.Remember(key, 0, SurvivorList(100));
  EXPECT_FALSE(recalled_.Find(key, Cut::Largest(1), &found)) << "too many rows to keep";
  recalled_.Remember(key, 2, AllRows());
  for (int i = 1; i <= 5000; ++i) {
    RecalledPatterns::Key other = key;
    other.index = i;
    recalled_.Remember(other, 2, AllRows());
  }
  EXPECT_FALSE(recalled_.Find(key, Cut::Largest(1), &found));
}

}  // namespace
}  // namespace engram
