#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_TARGET_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_TARGET_H_

#include "core/base/instruction_set.h"

// Every function between the two macros, templates among them, is compiled for an instruction set; the rest
// of the file is compiled for the baseline. Headers of others must be included before: an inline function of
// theirs, compiled here and kept by the linker, would crash a processor without these instructions.
#define ENGRAM_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define ENGRAM_BEGIN_TARGET(features) \
  ENGRAM_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define ENGRAM_END_TARGET ENGRAM_PRAGMA(clang attribute pop)
#define ENGRAM_UNROLL ENGRAM_PRAGMA(unroll)
#else
#define ENGRAM_BEGIN_TARGET(features) ENGRAM_PRAGMA(GCC push_options) ENGRAM_PRAGMA(GCC target(features))
#define ENGRAM_END_TARGET ENGRAM_PRAGMA(GCC pop_options)
#define ENGRAM_UNROLL ENGRAM_PRAGMA(GCC unroll 16)
#endif

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_TARGET_H_
