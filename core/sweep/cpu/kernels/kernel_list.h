#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_KERNEL_LIST_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_KERNEL_LIST_H_

#include "core/sweep/cpu/screen_kernels.h"

namespace engram {

// One for each file of this folder; AllScreenKernels() has those of this build in order.
ScreenKernels Avx512VnniKernels();
ScreenKernels AvxVnniKernels();
ScreenKernels Avx2Kernels();
ScreenKernels NeonKernels();
ScreenKernels PortableKernels();

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_KERNEL_LIST_H_
