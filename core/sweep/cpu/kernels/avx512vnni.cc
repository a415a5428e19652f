#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "core/sweep/cpu/kernels/kernel_list.h"
#include "core/sweep/cpu/kernels/target.h"

ENGRAM_BEGIN_TARGET("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")

#include "core/sweep/cpu/kernels/estimate_loop.h"
#include "core/sweep/cpu/kernels/score_loop.h"
#include "core/sweep/cpu/kernels/summarize_loop.h"

namespace engram {
namespace {

struct Avx512Vnni {
  typedef uint8_t Bytes __attribute__((vector_size(64)));
  typedef int32_t Ints __attribute__((vector_size(64)));
  typedef float Floats __attribute__((vector_size(64)));
  // 24 sums, 4 tiles and the query: 29 of 32 registers; 10 loads for 24 products.
  static constexpr int kTiles = 4;
  static constexpr int kPlanes = 6;
  static constexpr int kStates = 6;
  static constexpr int32_t kBias = 128;

  static ENGRAM_INLINE Bytes LoadCodes(const uint8_t* codes) { return Load<Bytes>(codes); }
  static ENGRAM_INLINE Ints LoadQuery(const int8_t* plane) { return Ints{} + Load<int32_t>(plane); }
  static ENGRAM_INLINE Ints Dot(Ints sum, Bytes codes, Ints query) {
    return (Ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)codes, (__m512i)query);
  }
  static ENGRAM_INLINE Floats Fma(Floats a, Floats b, Floats c) {
    return (Floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  }
  static ENGRAM_INLINE Floats LoadFirst(const float* from, int64_t count) {
    return (Floats)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1), from);
  }
};

}  // namespace
}  // namespace engram

ENGRAM_END_TARGET

namespace engram {
namespace {

bool Supported() {
  return HasAvx512() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}

}  // namespace

ScreenKernels Avx512VnniKernels() {
  return {"avx512vnni", Supported, Estimate<Avx512Vnni>, Score<Avx512Vnni>, Summarize<Avx512Vnni>};
}

}  // namespace engram

#endif
