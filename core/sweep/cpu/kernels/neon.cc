#if defined(__aarch64__)

#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "core/sweep/cpu/kernels/kernel_list.h"
#include "core/sweep/cpu/kernels/target.h"

#if defined(__clang__)
ENGRAM_BEGIN_TARGET("dotprod")
#else
ENGRAM_BEGIN_TARGET("arch=armv8.2-a+dotprod")
#endif

#include "core/sweep/cpu/kernels/estimate_loop.h"
#include "core/sweep/cpu/kernels/score_loop.h"
#include "core/sweep/cpu/kernels/summarize_loop.h"

namespace engram {
namespace {

struct Neon {
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(16)));
  typedef float Floats __attribute__((vector_size(16)));
  // A tile is 4 vectors. 24 sums, 4 quarters and the query: 29 of 32 registers.
  static constexpr int kTiles = 1;
  static constexpr int kPlanes = 6;
  static constexpr int kStates = 5;
  static constexpr int32_t kBias = 0;

  static ENGRAM_INLINE Bytes LoadCodes(const uint8_t* codes) { return Load<Bytes>(codes) ^ 0x80; }
  static ENGRAM_INLINE Ints LoadQuery(const int8_t* plane) { return Ints{} + Load<int32_t>(plane); }
  static ENGRAM_INLINE Ints Dot(Ints sum, Bytes codes, Ints query) {
    // As vdotq_s32, which clang before 16 declares only where the whole file is compiled for it.
    asm("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(codes), "w"(query));
    return sum;
  }
  static ENGRAM_INLINE Floats Fma(Floats a, Floats b, Floats c) {
    return (Floats)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
  }
  static ENGRAM_INLINE Floats LoadFirst(const float* from, int64_t count) {
    return LoadLanes<Floats>(from, count);
  }
};

}  // namespace
}  // namespace engram

ENGRAM_END_TARGET

namespace engram {
namespace {

bool Supported() { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }

}  // namespace

ScreenKernels NeonKernels() { return {"neon", Supported, Estimate<Neon>, Score<Neon>, Summarize<Neon>}; }

}  // namespace engram

#endif
