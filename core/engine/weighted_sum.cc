#include "core/engine/weighted_sum.h"

#include <algorithm>

#include "core/base/canonical.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

// Less work than this many multiply-adds is not worth waking a thread for.
constexpr int64_t kMinParallelWork = int64_t{1} << 18;

// Blocks that are summed at a time; their sums are all the memory that it takes.
int64_t BlocksAtOnce(int64_t blocks, int64_t work, const ThreadPool* pool) {
  if (pool == nullptr || work < kMinParallelWork) return 1;
  return std::clamp<int64_t>(pool->thread_count() + 1, 1, std::max<int64_t>(1, blocks));
}

}  // namespace

std::vector<double> WeightedSum(absl::Span<const Survivor> members, absl::Span<const double> weights,
                                int64_t dim, absl::FunctionRef<absl::Span<const float>(RowRef)> row,
                                ThreadPool* pool) {
  const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
  const auto count = static_cast<int64_t>(members.size());
  constexpr auto kBlock = static_cast<int64_t>(kSumBlock);
  const int64_t blocks = (count + kBlock - 1) / kBlock;
  const int64_t at_once = BlocksAtOnce(blocks, count * dim, pool);
  std::vector<double> sum(dim, 0.0);
  std::vector<double> block_sums(at_once * dim);
  for (int64_t first = 0; first < blocks; first += at_once) {
    const auto add_up = [&](int64_t b) {
      double* const block = block_sums.data() + b * dim;
      std::fill(block, block + dim, 0.0);
      const int64_t end = std::min((first + b + 1) * kBlock, count);
      for (int64_t i = (first + b) * kBlock; i < end; ++i) {
        arithmetic.add_scaled(weights[i], row(members[i].row).data(), block, dim);
      }
    };
    const int64_t in_this_wave = std::min(at_once, blocks - first);
    in_this_wave == 1 ? add_up(0) : pool->ParallelFor(in_this_wave, add_up);
    for (int64_t b = 0; b < in_this_wave; ++b) {
      for (int64_t j = 0; j < dim; ++j) sum[j] += block_sums[b * dim + j];
    }
  }
  return sum;
}

}  // namespace engram
