#include "core/transform/blocked_sum.h"

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace engram {
namespace {

TEST(BlockedSumTest, SumOfNothingIsZero) { EXPECT_EQ(BlockedSum({}), 0); }

TEST(BlockedSumTest, IntegersAddUpAtEverySize) {
  for (const size_t size : {size_t{1}, kSumBlock - 1, kSumBlock, kSumBlock + 1, 3 * kSumBlock + 7}) {
    std::vector<double> terms(size);
    std::iota(terms.begin(), terms.end(), 1.0);
    EXPECT_EQ(BlockedSum(terms), static_cast<double>(size) * static_cast<double>(size + 1) / 2);
  }
}

// 1 + 2^-53 is 1, but 2^-53 (1 + ... + 1), 4096 times, is not lost on a new block.
TEST(BlockedSumTest, EachBlockIsSummedByItself) {
  const double tiny = std::ldexp(1.0, -53);
  std::vector<double> terms(kSumBlock, tiny);
  terms[0] = 1;
  EXPECT_EQ(BlockedSum(terms), 1);
  terms.insert(terms.end(), kSumBlock, tiny);
  EXPECT_EQ(BlockedSum(terms), 1 + std::ldexp(1.0, -41));
}

// Any other way to cut or order this sum gives other bits.
TEST(BlockedSumTest, OrderIsSequentialInABlockAndThenOverBlocks) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> gaussian;
  std::vector<double> terms(2 * kSumBlock + 100);
  for (double& term : terms) term = gaussian(random);
  double expected = 0;
  for (size_t begin : {size_t{0}, kSumBlock, 2 * kSumBlock}) {
    double block = 0;
    for (size_t i = begin; i < std::min(begin + kSumBlock, terms.size()); ++i) block += terms[i];
    expected += block;
  }
  EXPECT_EQ(BlockedSum(terms), expected);
}

}  // namespace
}  // namespace engram
