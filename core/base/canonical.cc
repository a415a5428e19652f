#include "core/base/canonical.h"

#include <cstddef>
#include <iterator>
#include <utility>

#include "core/base/instruction_set.h"

namespace engram {
namespace {

constexpr int64_t kLanes = 16;

// The loops are written once and compiled for each instruction set: inlined into a function with a
// target attribute, the compiler turns the 16 lanes into that target's vectors. A fused multiply-add rounds
// once wherever it runs, so all of them return the same bits.
ENGRAM_INLINE double AddLanes(double* lane) {
  for (int64_t half = kLanes / 2; half >= 1; half /= 2) {
    for (int64_t l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

ENGRAM_INLINE void AddProducts(const double* x, const double* q, double* lane) {
  for (int64_t l = 0; l < kLanes; ++l) lane[l] = __builtin_fma(x[l], q[l], lane[l]);
}

ENGRAM_INLINE double AddRest(const float* x, const double* q, int64_t count, double* lane) {
  for (int64_t l = 0; l < count; ++l) lane[l] = __builtin_fma(static_cast<double>(x[l]), q[l], lane[l]);
  return AddLanes(lane);
}

// A pack of states, because the lanes of an inner loop would not stay in registers.
template <size_t... kState>
ENGRAM_INLINE void DotLoop(const float* x, const double* const* states, int64_t dim, double* scores,
                           std::index_sequence<kState...>) {
  double lane[sizeof...(kState)][kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= dim; j += kLanes) {
    double wide[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) wide[l] = static_cast<double>(x[j + l]);
    (AddProducts(wide, states[kState] + j, lane[kState]), ...);
  }
  ((scores[kState] = AddRest(x + j, states[kState] + j, dim - j, lane[kState])), ...);
}

ENGRAM_INLINE double DotLoop(const float* x, const double* q, int64_t dim) {
  double score;
  DotLoop(x, &q, dim, &score, std::make_index_sequence<1>());
  return score;
}

ENGRAM_INLINE double SquaredNormLoop(const float* x, int64_t dim) {
  double lane[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= dim; j += kLanes) {
    double wide[kLanes];
    for (int64_t l = 0; l < kLanes; ++l) wide[l] = static_cast<double>(x[j + l]);
    AddProducts(wide, wide, lane);
  }
  double rest[kLanes];
  for (int64_t l = 0; j + l < dim; ++l) rest[l] = static_cast<double>(x[j + l]);
  return AddRest(x + j, rest, dim - j, lane);
}

ENGRAM_INLINE void DotStatesLoop(const float* x, const double* const* states, int64_t count, int64_t dim,
                                 double* scores) {
  static_assert(kDotStates == 4);
  switch (count) {
    case 1:
      return DotLoop(x, states, dim, scores, std::make_index_sequence<1>());
    case 2:
      return DotLoop(x, states, dim, scores, std::make_index_sequence<2>());
    case 3:
      return DotLoop(x, states, dim, scores, std::make_index_sequence<3>());
    case 4:
      return DotLoop(x, states, dim, scores, std::make_index_sequence<4>());
  }
}

ENGRAM_INLINE void AddScaledLoop(double weight, const float* x, double* sum, int64_t dim) {
  for (int64_t j = 0; j < dim; ++j) sum[j] = __builtin_fma(weight, static_cast<double>(x[j]), sum[j]);
}

double DotPortable(const float* x, const double* q, int64_t dim) { return DotLoop(x, q, dim); }
double SquaredNormPortable(const float* x, int64_t dim) { return SquaredNormLoop(x, dim); }
void DotStatesPortable(const float* x, const double* const* states, int64_t count, int64_t dim,
                       double* scores) {
  DotStatesLoop(x, states, count, dim, scores);
}
void AddScaledPortable(double weight, const float* x, double* sum, int64_t dim) {
  AddScaledLoop(weight, x, sum, dim);
}

#if defined(__x86_64__)

ENGRAM_TARGET_AVX2 double DotAvx2(const float* x, const double* q, int64_t dim) { return DotLoop(x, q, dim); }
ENGRAM_TARGET_AVX2 double SquaredNormAvx2(const float* x, int64_t dim) { return SquaredNormLoop(x, dim); }
ENGRAM_TARGET_AVX2 void DotStatesAvx2(const float* x, const double* const* states, int64_t count, int64_t dim,
                                      double* scores) {
  DotStatesLoop(x, states, count, dim, scores);
}
ENGRAM_TARGET_AVX2 void AddScaledAvx2(double weight, const float* x, double* sum, int64_t dim) {
  AddScaledLoop(weight, x, sum, dim);
}

ENGRAM_TARGET_AVX512 double DotAvx512(const float* x, const double* q, int64_t dim) {
  return DotLoop(x, q, dim);
}
ENGRAM_TARGET_AVX512 double SquaredNormAvx512(const float* x, int64_t dim) { return SquaredNormLoop(x, dim); }
ENGRAM_TARGET_AVX512 void DotStatesAvx512(const float* x, const double* const* states, int64_t count,
                                          int64_t dim, double* scores) {
  DotStatesLoop(x, states, count, dim, scores);
}
ENGRAM_TARGET_AVX512 void AddScaledAvx512(double weight, const float* x, double* sum, int64_t dim) {
  AddScaledLoop(weight, x, sum, dim);
}

#endif

constexpr CanonicalArithmetic kAll[] = {
#if defined(__x86_64__)
    {"avx512", HasAvx512, DotAvx512, SquaredNormAvx512, DotStatesAvx512, AddScaledAvx512},
    {"avx2", HasAvx2, DotAvx2, SquaredNormAvx2, DotStatesAvx2, AddScaledAvx2},
#endif
    {"portable", HasBaseline, DotPortable, SquaredNormPortable, DotStatesPortable, AddScaledPortable},
};

}  // namespace

absl::Span<const CanonicalArithmetic> AllCanonicalArithmetics() { return kAll; }

const CanonicalArithmetic& BestCanonicalArithmetic() {
  static const CanonicalArithmetic& best = FirstSupported(AllCanonicalArithmetics());
  return best;
}

const CanonicalArithmetic& PortableCanonicalArithmetic() { return kAll[std::size(kAll) - 1]; }

}  // namespace engram
