#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "core/sweep/cpu/kernels/kernel_list.h"
#include "core/sweep/cpu/kernels/target.h"

ENGRAM_BEGIN_TARGET("avx2,fma,avxvnni")

#include "core/sweep/cpu/kernels/avx2_floats.h"
#include "core/sweep/cpu/kernels/estimate_loop.h"
#include "core/sweep/cpu/kernels/score_loop.h"
#include "core/sweep/cpu/kernels/summarize_loop.h"

namespace engram {
namespace {

struct AvxVnni : Avx2Floats {
  // A tile is 2 vectors. 12 sums, 2 halves and the query: 15 of 16 registers.
  static constexpr int kTiles = 1;
  static constexpr int kPlanes = 6;
  static constexpr int32_t kBias = 128;

  static ENGRAM_INLINE Bytes LoadCodes(const uint8_t* codes) { return Load<Bytes>(codes); }
  static ENGRAM_INLINE Ints LoadQuery(const int8_t* plane) { return Ints{} + Load<int32_t>(plane); }
  static ENGRAM_INLINE Ints Dot(Ints sum, Bytes codes, Ints query) {
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)codes, (__m256i)query);
  }
};

}  // namespace
}  // namespace engram

ENGRAM_END_TARGET

namespace engram {
namespace {

// The operating system's support is that of AVX2; compilers do not know this bit yet.
bool Supported() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return HasAvx2() && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1) != 0;
}

}  // namespace

ScreenKernels AvxVnniKernels() {
  return {"avxvnni", Supported, Estimate<AvxVnni>, Score<AvxVnni>, Summarize<AvxVnni>};
}

}  // namespace engram

#endif
