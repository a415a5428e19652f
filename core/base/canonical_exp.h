#ifndef ENGRAM_CORE_BASE_CANONICAL_EXP_H_
#define ENGRAM_CORE_BASE_CANONICAL_EXP_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace engram {

// The exponential function in canonical arithmetic: additions, multiplications and fused multiply-adds in
// double and nothing of libm, so that it has the same bytes on every machine. The error is below 1 unit in
// the last place; exp(0) = 1, and what is too large or too small for a double becomes +infinity or 0.
struct CanonicalExponential {
  // "avx512", "avx2" or "portable".
  const char* name;
  // Whether this processor can run it.
  bool (*supported)();
  // Replaces each of `values` [n] by its exponential. REQUIRES: none is NaN.
  void (*apply)(double* values, int64_t count);
};

// All implementations in this build, best first; the last is the portable one, which is always supported.
absl::Span<const CanonicalExponential> AllCanonicalExponentials();

// Replaces each of `values` by its exponential, in the best implementation that this processor supports.
// REQUIRES: none is NaN.
void CanonicalExp(absl::Span<double> values);

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_CANONICAL_EXP_H_
