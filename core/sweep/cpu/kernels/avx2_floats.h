#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_AVX2_FLOATS_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_AVX2_FLOATS_H_

#include <immintrin.h>

#include "core/sweep/cpu/kernels/lanes.h"

// What the two instruction sets of 256 bits share. Included as lanes.h is.
namespace engram {
namespace {

struct Avx2Floats {
  typedef uint8_t Bytes __attribute__((vector_size(32)));
  typedef int32_t Ints __attribute__((vector_size(32)));
  typedef float Floats __attribute__((vector_size(32)));
  // 12 sums, 3 states and a row: all 16 registers.
  static constexpr int kStates = 3;

  static ENGRAM_INLINE Floats Fma(Floats a, Floats b, Floats c) {
    return (Floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  }
  static ENGRAM_INLINE Floats LoadFirst(const float* from, int64_t count) {
    const Ints lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return (Floats)_mm256_maskload_ps(from, (__m256i)(lane < static_cast<int32_t>(count)));
  }
};

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_AVX2_FLOATS_H_
