#include "core/sweep/cpu/screen.h"

#include "core/sweep/cpu/code_screen.h"
#include "core/sweep/cpu/float_screen.h"

namespace engram {

std::unique_ptr<const Screen> MakeScreen(const BankSettings& settings, absl::Span<const SweepState> states,
                                         Care care, const ScreenKernels& kernels) {
  if (settings.screening == Screening::kInt8) {
    return std::make_unique<CodeScreen>(states, settings.dim, care == Care::kFine ? 2 : 1, kernels);
  }
  return std::make_unique<FloatScreen>(states, settings.dim, kernels);
}

}  // namespace engram
