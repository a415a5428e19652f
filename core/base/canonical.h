#ifndef ENGRAM_CORE_BASE_CANONICAL_H_
#define ENGRAM_CORE_BASE_CANONICAL_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace engram {

// States that one call of dot_states takes at most: as many as have their lanes in registers.
inline constexpr int64_t kDotStates = 4;

// The canonical arithmetic: every answer is made of these operations, so that it has the same bytes on
// every backend, instruction set, batch size and thread count.
//
//   Dot: sum_j x_j q_j with x in float32 and q in double, by fused multiply-adds in 16 interleaved lanes:
//     lane l takes j = l, l + 16, l + 32, ... in ascending order, starting from 0; then lanes l and l + 8
//     are added for l < 8, then l and l + 4 for l < 4, l and l + 2, l and l + 1.
//   SquaredNorm: Dot of x with itself.
//   DotStates: Dot of one x with each of several q, bit by bit; x is read and widened once.
//   AddScaled: sum_j = fma(weight, x_j, sum_j).
struct CanonicalArithmetic {
  // "avx512", "avx2" or "portable".
  const char* name;
  // Whether this processor can run it.
  bool (*supported)();
  // x [dim], q [dim].
  double (*dot)(const float* x, const double* q, int64_t dim);
  // x [dim].
  double (*squared_norm)(const float* x, int64_t dim);
  // x [dim], states [count] of [dim] each, scores [count]. REQUIRES: 1 <= count <= kDotStates.
  void (*dot_states)(const float* x, const double* const* states, int64_t count, int64_t dim, double* scores);
  // x [dim], sum [dim].
  void (*add_scaled)(double weight, const float* x, double* sum, int64_t dim);
};

// All implementations in this build, best first; the last is the portable one, which is always supported.
absl::Span<const CanonicalArithmetic> AllCanonicalArithmetics();

// The best implementation that this processor supports.
const CanonicalArithmetic& BestCanonicalArithmetic();

// The portable implementation: plain loops, the yardstick.
const CanonicalArithmetic& PortableCanonicalArithmetic();

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_CANONICAL_H_
