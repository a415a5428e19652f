#include "tests/core/storage/power_loss.h"

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

std::string FirstOf(const PowerLossOutcome& outcome) {
  std::vector<std::string> first = outcome.failures;
  if (first.size() > 10) first.resize(10);
  return absl::StrJoin(first, "\n");
}

TEST(PowerLossTest, SyncedBanksLoseNothing) {
  for (const uint64_t seed : {1, 2}) {
    PowerLossPlan plan;
    plan.seed = seed;
    plan.losses = 25;
    const PowerLossOutcome outcome = RunPowerLosses(plan);
    EXPECT_EQ(outcome.banks_behind, 0) << "seed " << seed << "\n" << FirstOf(outcome);
    EXPECT_EQ(outcome.banks_wrong, 0) << "seed " << seed << "\n" << FirstOf(outcome);
    EXPECT_GT(outcome.acked_rows, 1000);
    EXPECT_GT(outcome.bulk_changes, 10);
  }
}

// The test tests itself: a journal that does not sync loses, and then it must say so.
TEST(PowerLossTest, RelaxedBanksLoseChangesButAreNeverTorn) {
  PowerLossPlan plan;
  plan.durability = Durability::kRelaxed;
  plan.losses = 40;
  const PowerLossOutcome outcome = RunPowerLosses(plan);
  EXPECT_GT(outcome.banks_behind, 0);
  EXPECT_EQ(outcome.banks_wrong, 0) << FirstOf(outcome);
}

}  // namespace
}  // namespace engram
