#ifndef ENGRAM_CORE_SWEEP_CPU_AT_LEAST_H_
#define ENGRAM_CORE_SWEEP_CPU_AT_LEAST_H_

#include <cstddef>

#include "absl/types/span.h"

namespace engram {

// Calls visit(i) for each i with values[i] >= least, in order. Where few are, it costs a comparison of
// vectors.
template <typename Visit>
void ForEachAtLeast(absl::Span<const float> values, float least, const Visit& visit) {
  constexpr size_t kBlock = 32;
  size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock) {
    int reached = 0;
    for (size_t l = 0; l < kBlock; ++l) reached |= values[i + l] >= least ? 1 : 0;
    if (reached == 0) continue;
    for (size_t l = 0; l < kBlock; ++l) {
      if (values[i + l] >= least) visit(i + l);
    }
  }
  for (; i < values.size(); ++i) {
    if (values[i] >= least) visit(i);
  }
}

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_AT_LEAST_H_
