#include "tests/core/storage/bit_flip.h"

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

TEST(BitFlipTest, NoFlippedBitChangesABankSilently) {
  const BitFlipOutcome outcome = RunBitFlips(1, 200);
  EXPECT_TRUE(outcome.violations.empty()) << absl::StrJoin(outcome.violations, "\n");
  EXPECT_GT(outcome.bank_lost, 0);
  EXPECT_GT(outcome.refused, 0);
}

TEST(BitFlipTest, NoFlippedBitChangesABackupSilently) {
  const BitFlipOutcome outcome = RunBackupBitFlips(1, 200);
  EXPECT_TRUE(outcome.violations.empty()) << absl::StrJoin(outcome.violations, "\n");
  EXPECT_GT(outcome.bank_lost, 0);
  EXPECT_GT(outcome.refused, 0);
}

}  // namespace
}  // namespace engram
