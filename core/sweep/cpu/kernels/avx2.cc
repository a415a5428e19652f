#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "core/sweep/cpu/kernels/kernel_list.h"
#include "core/sweep/cpu/kernels/target.h"

ENGRAM_BEGIN_TARGET("avx2,fma")

#include "core/sweep/cpu/kernels/avx2_floats.h"
#include "core/sweep/cpu/kernels/estimate_loop.h"
#include "core/sweep/cpu/kernels/score_loop.h"
#include "core/sweep/cpu/kernels/summarize_loop.h"

namespace engram {
namespace {

struct Avx2 : Avx2Floats {
  static constexpr int kTiles = 1;
  static constexpr int kPlanes = 4;
  static constexpr int32_t kBias = 0;
  struct Query {
    __m256i signs;
    __m256i magnitudes;
  };

  static ENGRAM_INLINE Bytes LoadCodes(const uint8_t* codes) { return Load<Bytes>(codes) ^ 0x80; }
  static ENGRAM_INLINE Query LoadQuery(const int8_t* plane) {
    const __m256i columns = _mm256_set1_epi32(Load<int32_t>(plane));
    return {columns, _mm256_abs_epi8(columns)};
  }
  // Unsigned times signed in pairs of 16 bits saturates at 32,767; magnitude times signed code cannot pass
  // 2 * 127 * 127 = 32,258.
  static ENGRAM_INLINE Ints Dot(Ints sum, Bytes codes, Query query) {
    const __m256i pairs =
        _mm256_maddubs_epi16(query.magnitudes, _mm256_sign_epi8((__m256i)codes, query.signs));
    return sum + (Ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
};

}  // namespace
}  // namespace engram

ENGRAM_END_TARGET

namespace engram {

ScreenKernels Avx2Kernels() { return {"avx2", HasAvx2, Estimate<Avx2>, Score<Avx2>, Summarize<Avx2>}; }

}  // namespace engram

#endif
