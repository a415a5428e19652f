#include "core/sweep/cpu/screen_kernels.h"

#include "core/sweep/cpu/kernels/kernel_list.h"

namespace engram {
namespace {

const ScreenKernels& FindBest() {
  for (const ScreenKernels& kernels : AllScreenKernels()) {
    if (kernels.supported()) return kernels;
  }
  return AllScreenKernels().back();
}

}  // namespace

absl::Span<const ScreenKernels> AllScreenKernels() {
  static const ScreenKernels kAll[] = {
#if defined(__x86_64__)
    Avx512VnniKernels(),
    AvxVnniKernels(),
    Avx2Kernels(),
#elif defined(__aarch64__)
    NeonKernels(),
#endif
    PortableKernels(),
  };
  return kAll;
}

const ScreenKernels& BestScreenKernels() {
  static const ScreenKernels& best = FindBest();
  return best;
}

}  // namespace engram
