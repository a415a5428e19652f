#include <cstdint>

#include "core/sweep/cpu/kernels/estimate_loop.h"
#include "core/sweep/cpu/kernels/kernel_list.h"
#include "core/sweep/cpu/kernels/score_loop.h"
#include "core/sweep/cpu/kernels/summarize_loop.h"

namespace engram {
namespace {

// Vectors of 16 bytes, which the baseline of every 64-bit processor has.
struct Portable {
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(16)));
  typedef int16_t Shorts __attribute__((vector_size(16)));
  typedef float Floats __attribute__((vector_size(16)));
  static constexpr int kTiles = 1;
  static constexpr int kPlanes = 2;
  static constexpr int kStates = 2;
  static constexpr int32_t kBias = 128;
  // Columns 0 and 2, columns 1 and 3.
  struct Query {
    Shorts even;
    Shorts odd;
  };

  static ENGRAM_INLINE Bytes LoadCodes(const uint8_t* codes) { return Load<Bytes>(codes); }
  static ENGRAM_INLINE Query LoadQuery(const int8_t* plane) {
    const int16_t q[4] = {plane[0], plane[1], plane[2], plane[3]};
    return {Shorts{q[0], q[2], q[0], q[2], q[0], q[2], q[0], q[2]},
            Shorts{q[1], q[3], q[1], q[3], q[1], q[3], q[1], q[3]}};
  }
  // A product is at most 255 * 127 = 32,385: it fits 16 bits, but two do not.
  static ENGRAM_INLINE Ints Dot(Ints sum, Bytes codes, Query query) {
    const auto quads = (Ints)codes;
    const auto even = (Ints)((Shorts)(quads & 0x00ff00ff) * query.even);
    const auto odd = (Ints)((Shorts)((quads >> 8) & 0x00ff00ff) * query.odd);
    return sum + (even >> 16) + (odd >> 16) + ((even << 16) >> 16) + ((odd << 16) >> 16);
  }
  static ENGRAM_INLINE Floats Fma(Floats a, Floats b, Floats c) { return a * b + c; }
  static ENGRAM_INLINE Floats LoadFirst(const float* from, int64_t count) {
    return LoadLanes<Floats>(from, count);
  }
};

}  // namespace

ScreenKernels PortableKernels() {
  return {"portable", HasBaseline, Estimate<Portable>, Score<Portable>, Summarize<Portable>};
}

}  // namespace engram
