#ifndef ENGRAM_CORE_BASE_INSTRUCTION_SET_H_
#define ENGRAM_CORE_BASE_INSTRUCTION_SET_H_

#include "absl/types/span.h"

// Loops that are written once and compiled for several instruction sets: inlined (ENGRAM_INLINE) into a
// function with a target attribute, the compiler makes vectors of that target of them. The rest of the tree
// is compiled for the baseline; which function runs is decided when the program does.

#define ENGRAM_INLINE __attribute__((always_inline)) inline

#if defined(__x86_64__)
#define ENGRAM_TARGET_AVX2 __attribute__((target("avx2,fma")))
// Both compilers prefer 256 bits unless told; they are told in different ways.
#if defined(__clang__)
#define ENGRAM_TARGET_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,fma"), min_vector_width(512)))
#else
#define ENGRAM_TARGET_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,fma,prefer-vector-width=512")))
#endif
#endif

namespace engram {

// Whether this processor runs what is compiled for the baseline, and for the two targets above.
inline bool HasBaseline() { return true; }
#if defined(__x86_64__)
inline bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
inline bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && HasAvx2();
}
#endif

// One loop as compiled for an instruction set.
template <typename Function>
struct CompiledLoop {
  bool (*supported)();
  Function* run;
};

// The first of `implementations`, best first, that this processor supports. REQUIRES: it supports the last.
template <typename Implementation>
const Implementation& FirstSupported(absl::Span<const Implementation> implementations) {
  const Implementation* first = implementations.data();
  while (!first->supported()) ++first;
  return *first;
}

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_INSTRUCTION_SET_H_
