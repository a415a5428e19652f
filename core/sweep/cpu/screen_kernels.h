#ifndef ENGRAM_CORE_SWEEP_CPU_SCREEN_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CPU_SCREEN_KERNELS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/codes/estimate_error.h"
#include "core/codes/row_code.h"

namespace engram {

// Codes of consecutive tiles, as core/codes/row_code.h lays them out: a tile is 16 rows; unit u of a tile is
// 64 bytes, 4 columns of each row: byte 4 * l + c is the code of row l, column 4 u + c, stored as code + 128
// (1 to 255).
struct CodeTiles {
  const uint8_t* codes;  // [tiles, units, 64]
  const float* scales;   // [tiles * 16]
  int64_t tiles;
  int64_t units;  // ceil(D / 4)
};

// States as the code kernels take them: state b is scale[b] * (plane 0 + plane 1 / 254), or plane 0 alone.
struct StatePlanes {
  const int8_t* planes;  // [states, planes_per_state, 4 * units], in [-127, 127]; 0 beyond column D.
  const int32_t* sums;   // [states, planes_per_state], of each plane.
  const float* scales;   // [states]
  int64_t states;
  int planes_per_state;  // 1 or 2
};

// Bytes of codes or patterns that one call should get: a few tiles at least, and half of a second-level cache
// at most.
constexpr int64_t kScreenCallBytes = 256 << 10;

// The inner loops of screening, for one instruction set. All of them compute the same integers; float32
// results may differ in rounding, within the error bounds of those who call them.
//
// Fastest with arrays that begin at multiples of 64 bytes, and with calls of rows of about kScreenCallBytes,
// so that all states but the first few find them in the second-level cache; rows of one call after those of
// the one before, as each call already asks memory for what follows its rows.
struct ScreenKernels {
  // "avx512vnni", "avxvnni", "avx2", "neon" or "portable".
  const char* name;
  bool (*supported)();
  // estimates[(b * tiles + t) * 16 + l] = rows.scales[t * 16 + l] * state scale * (I0 + I1 / 254), Ip the
  // integer product of the row's code and plane p.
  void (*estimate)(const CodeTiles& rows, const StatePlanes& states, float* estimates);
  // Scores in float32: scores[(b * row_count) + r] = sum_j patterns[r, j] states[b, j], summed in any order.
  void (*score)(const float* patterns, int64_t row_count, int64_t dim, const float* states,
                int64_t state_count, float* scores);
  // The largest upper bound in each tile of one state: estimate + error over its rows whose bit in visible[t]
  // (bit l: row l) is set; -infinity where none is. `residuals` may be null (all 0).
  void (*summarize)(const float* estimates, const float* residuals, const float* norms,
                    const EstimateError& error, const uint16_t* visible, int64_t tiles, float* uppers);
};

// All in this build, best first; the last is portable and always supported.
absl::Span<const ScreenKernels> AllScreenKernels();
// The best that this processor supports.
const ScreenKernels& BestScreenKernels();
// Names of those that this processor supports, best first.
std::vector<std::string> SupportedScreenKernels();
// Those called `name`, one of SupportedScreenKernels(), or the best for "auto". INVALID_ARGUMENT: there are
// none of that name, or this processor does not support them.
absl::StatusOr<const ScreenKernels*> FindScreenKernels(const std::string& name);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_SCREEN_KERNELS_H_
