#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_LANES_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_LANES_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "core/sweep/cpu/kernels/target.h"

// Vectors in the compilers' own notation, which every instruction set has. Included between
// ENGRAM_BEGIN_TARGET and ENGRAM_END_TARGET, once a file: hence the unnamed namespace.
namespace engram {
namespace {

typedef float Floats4 __attribute__((vector_size(16)));

template <typename Vector>
ENGRAM_INLINE Vector Load(const void* from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

template <typename Vector>
ENGRAM_INLINE void Store(void* to, Vector v) {
  __builtin_memcpy(to, &v, sizeof(v));
}

// The first `count` lanes, the others 0.
template <typename Vector>
ENGRAM_INLINE Vector LoadLanes(const float* from, int64_t count) {
  Vector v = {};
  for (int64_t l = 0; l < count; ++l) v[l] = from[l];
  return v;
}

struct Add {
  template <typename Vector>
  static ENGRAM_INLINE Vector Of(Vector a, Vector b) {
    return a + b;
  }
};

struct Max {
  template <typename Vector>
  static ENGRAM_INLINE Vector Of(Vector a, Vector b) {
    return a > b ? a : b;
  }
};

// Lanes of 4 in groups: {a0 b0 a1 b1} and {a2 b2 a3 b3} of each group, then halves.
template <int kPick, typename Vector, size_t... i>
ENGRAM_INLINE Vector Interleave(Vector a, Vector b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, (i / 4 * 4 + kPick + i % 4 / 2 + i % 2 * sizeof...(i))...);
}
template <int kPick, typename Vector, size_t... i>
ENGRAM_INLINE Vector Pair(Vector a, Vector b, std::index_sequence<i...>) {
  return __builtin_shufflevector(a, b, (i / 4 * 4 + kPick + i % 2 + i % 4 / 2 * sizeof...(i))...);
}
template <size_t kFirst, typename Vector, size_t... i>
ENGRAM_INLINE auto Part(Vector v, std::index_sequence<i...>) {
  return __builtin_shufflevector(v, v, (kFirst + i)...);
}

template <typename Op>
ENGRAM_INLINE Floats4 Fold(Floats4 v) {
  return v;
}
// The groups of 4 lanes, made one.
template <typename Op, typename Vector>
ENGRAM_INLINE Floats4 Fold(Vector v) {
  constexpr size_t kHalf = sizeof(Vector) / sizeof(float) / 2;
  constexpr auto kLanes = std::make_index_sequence<kHalf>();
  return Fold<Op>(Op::Of(Part<0>(v, kLanes), Part<kHalf>(v, kLanes)));
}

// Lane i of the result: the lanes of v[i], made one.
template <typename Op, typename Vector>
ENGRAM_INLINE Floats4 ReduceFour(const Vector (&v)[4]) {
  constexpr auto kLanes = std::make_index_sequence<sizeof(Vector) / sizeof(float)>();
  const Vector ab = Op::Of(Interleave<0>(v[0], v[1], kLanes), Interleave<2>(v[0], v[1], kLanes));
  const Vector cd = Op::Of(Interleave<0>(v[2], v[3], kLanes), Interleave<2>(v[2], v[3], kLanes));
  return Fold<Op>(Op::Of(Pair<0>(ab, cd, kLanes), Pair<2>(ab, cd, kLanes)));
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_LANES_H_
