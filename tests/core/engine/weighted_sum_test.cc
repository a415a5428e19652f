#include "core/engine/weighted_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 31;
constexpr auto kBlock = static_cast<int64_t>(kSumBlock);

// Rows of very different magnitudes, so that another order of summation shows.
struct Problem {
  Problem(int64_t count, int64_t dim) : dim(dim), members(count), weights(count), rows(count * dim) {
    std::mt19937_64 random(kSeed);
    std::normal_distribution<double> gaussian;
    for (int64_t i = 0; i < count; ++i) {
      members[i].row.index = static_cast<int32_t>(i);
      weights[i] = std::exp(10 * gaussian(random));
    }
    for (float& x : rows) x = static_cast<float>(gaussian(random));
  }
  absl::Span<const float> Row(RowRef row) const {
    return absl::MakeConstSpan(rows).subspan(row.index * dim, dim);
  }

  int64_t dim;
  std::vector<Survivor> members;
  std::vector<double> weights;
  std::vector<float> rows;
};

// The definition in the header, word by word.
std::vector<double> DefinedSum(const Problem& problem) {
  std::vector<double> sum(problem.dim, 0.0);
  for (size_t begin = 0; begin < problem.members.size(); begin += kSumBlock) {
    std::vector<double> block(problem.dim, 0.0);
    for (size_t i = begin; i < std::min(begin + kSumBlock, problem.members.size()); ++i) {
      for (int64_t j = 0; j < problem.dim; ++j) {
        const auto x = static_cast<double>(problem.Row(problem.members[i].row)[j]);
        block[j] = std::fma(problem.weights[i], x, block[j]);
      }
    }
    for (int64_t j = 0; j < problem.dim; ++j) sum[j] += block[j];
  }
  return sum;
}

TEST(WeightedSumTest, HasTheBitsOfItsDefinitionOnAnyNumberOfThreads) {
  for (const int64_t count : {int64_t{0}, int64_t{1}, kBlock - 1, kBlock, kBlock + 1, 7 * kBlock + 5}) {
    for (const int64_t dim : {0, 1, 33, 100}) {
      const Problem problem(count, dim);
      const auto row = [&](RowRef ref) { return problem.Row(ref); };
      const std::vector<double> expected = DefinedSum(problem);
      EXPECT_EQ(WeightedSum(problem.members, problem.weights, dim, row, nullptr), expected);
      for (const int threads : {0, 1, 2, 5, 20}) {
        SCOPED_TRACE(::testing::Message() << count << " rows, dim " << dim << ", threads " << threads);
        ThreadPool pool(threads);
        EXPECT_EQ(WeightedSum(problem.members, problem.weights, dim, row, &pool), expected);
      }
    }
  }
}

}  // namespace
}  // namespace engram
