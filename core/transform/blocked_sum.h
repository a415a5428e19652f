#ifndef ENGRAM_CORE_TRANSFORM_BLOCKED_SUM_H_
#define ENGRAM_CORE_TRANSFORM_BLOCKED_SUM_H_

#include <algorithm>

#include "absl/types/span.h"

namespace engram {

// Members of one block of a canonical sum.
constexpr size_t kSumBlock = 4096;

// The sum of `terms` in canonical order: blocks of kSumBlock, each summed sequentially, then the block
// sums in order. The order is fixed, so that the result is; the blocks keep its error near
// (4096 + n / 4096) ulp instead of n.
inline double BlockedSum(absl::Span<const double> terms) {
  double sum = 0;
  for (size_t begin = 0; begin < terms.size(); begin += kSumBlock) {
    double block = 0;
    for (const double term : terms.subspan(begin, kSumBlock)) block += term;
    sum += block;
  }
  return sum;
}

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_BLOCKED_SUM_H_
