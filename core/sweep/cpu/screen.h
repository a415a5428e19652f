#ifndef ENGRAM_CORE_SWEEP_CPU_SCREEN_H_
#define ENGRAM_CORE_SWEEP_CPU_SCREEN_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "core/bank/segment.h"
#include "core/codes/estimate_error.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/sweeper.h"

namespace engram {

// A cheap arithmetic for scores with a proven bound of its error, prepared for the states of a sweep. Scores
// are scaled by a power of two a state, so that float32 can hold them. Thread-safe.
class Screen {
 public:
  virtual ~Screen() = default;

  // Estimates of the scaled scores of the rows of `tiles` tiles of `segment`, from `first_tile` on, for all
  // states: estimates[(b * tiles + t) * kTileRows + l]. REQUIRES: all these rows exist.
  virtual void Estimate(const Segment& segment, int64_t first_tile, int64_t tiles,
                        float* estimates) const = 0;
  // How far those of state b may be off, their comparison in float32 included.
  virtual const EstimateError& error(int64_t b) const = 0;
  // Norms of what a row's code leaves [C]; null: nothing.
  virtual const float* residuals(const Segment& segment) const = 0;
  // exact score = scaled score * scale(b), a power of two.
  virtual double scale(int64_t b) const = 0;
};

// How carefully a state is written as codes.
enum class Care {
  kCoarse,  // One plane: half the work.
  kFine,    // Two planes: the state's own error does not count.
};

// The screen that the bank's rows have. `care` matters to codes alone. `kernels` must outlive it.
std::unique_ptr<const Screen> MakeScreen(const BankSettings& settings, absl::Span<const SweepState> states,
                                         Care care, const ScreenKernels& kernels);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_SCREEN_H_
