#include "core/base/canonical_exp.h"

#include <cstdint>
#include <cstring>

#include "core/base/instruction_set.h"

namespace engram {
namespace {

// Values computed side by side.
constexpr int64_t kLanes = 16;

// Beyond them exp is 0 and +infinity.
constexpr double kLeast = -746;
constexpr double kMost = 710;

// Added to a number below 2^51 it leaves the nearest integer in the low bits.
constexpr double kRound = 0x1.8p52;
constexpr double kLog2E = 0x1.71547652b82fep0;
// ln 2 in two parts; the first has 32 bits, so that its products with the integers here are exact.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
// 2^n for the integer n in [-1022, 1023] in the low bits of n + kRound.
ENGRAM_INLINE double PowerOfTwo(double rounded) {
  uint64_t bits;
  std::memcpy(&bits, &rounded, sizeof(bits));
  bits = (bits + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof(power));
  return power;
}

// The series sum_i r^i / (i + 2)! up to i = 11: the next term is below 2^-57 of exp(r). Written out, because
// a loop in a loop is not turned into vectors.
ENGRAM_INLINE double Series(double r) {
  double sum = __builtin_fma(1.0 / 6227020800, r, 1.0 / 479001600);
  sum = __builtin_fma(sum, r, 1.0 / 39916800);
  sum = __builtin_fma(sum, r, 1.0 / 3628800);
  sum = __builtin_fma(sum, r, 1.0 / 362880);
  sum = __builtin_fma(sum, r, 1.0 / 40320);
  sum = __builtin_fma(sum, r, 1.0 / 5040);
  sum = __builtin_fma(sum, r, 1.0 / 720);
  sum = __builtin_fma(sum, r, 1.0 / 120);
  sum = __builtin_fma(sum, r, 1.0 / 24);
  sum = __builtin_fma(sum, r, 1.0 / 6);
  return __builtin_fma(sum, r, 1.0 / 2);
}

// exp(x) = 2^n exp(r), |r| <= ln(2) / 2. What r loses by rounding is added at the end. 2^n is multiplied in
// two steps: neither overflows before the result does, and a subnormal result is rounded once.
ENGRAM_INLINE double Exp(double x) {
  const double above = x > kLeast ? x : kLeast;
  const double clamped = above < kMost ? above : kMost;
  const double n = __builtin_fma(clamped, kLog2E, kRound) - kRound;
  const double high = __builtin_fma(-n, kLn2High, clamped);
  const double r = __builtin_fma(-n, kLn2Low, high);
  const double lost = __builtin_fma(-n, kLn2Low, high - r);
  const double exp_r = 1.0 + (r + __builtin_fma(r * r, Series(r), lost));
  const double half = __builtin_fma(n, 0.5, kRound);
  const double rest = (n - (half - kRound)) + kRound;
  return exp_r * PowerOfTwo(half) * PowerOfTwo(rest);
}

// Written once and compiled for each instruction set, as canonical.cc does.
ENGRAM_INLINE void ExpLoop(double* values, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) values[i + l] = Exp(values[i + l]);
  }
  for (; i < count; ++i) values[i] = Exp(values[i]);
}

void ExpPortable(double* values, int64_t count) { ExpLoop(values, count); }

#if defined(__x86_64__)

ENGRAM_TARGET_AVX2 void ExpAvx2(double* values, int64_t count) { ExpLoop(values, count); }

ENGRAM_TARGET_AVX512 void ExpAvx512(double* values, int64_t count) { ExpLoop(values, count); }

#endif

constexpr CanonicalExponential kAll[] = {
#if defined(__x86_64__)
    {"avx512", HasAvx512, ExpAvx512},
    {"avx2", HasAvx2, ExpAvx2},
#endif
    {"portable", HasBaseline, ExpPortable},
};

}  // namespace

absl::Span<const CanonicalExponential> AllCanonicalExponentials() { return kAll; }

void CanonicalExp(absl::Span<double> values) {
  static const CanonicalExponential& best = FirstSupported(AllCanonicalExponentials());
  best.apply(values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace engram
