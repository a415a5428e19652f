#ifndef ENGRAM_BENCH_PEERS_NATIVE_BASELINE_H_
#define ENGRAM_BENCH_PEERS_NATIVE_BASELINE_H_

#include <cstdint>

// What one would write without a service, compiled for this very processor (-march=native), as its author
// would; and what reading memory costs.
//
// Shapes: N patterns, B states, D dimensions, row-major.
namespace engram::bench {

// next [B, D]: one update by sparsemax of `states` [B, D] over `patterns` [N, D]; a product, a full sort, a
// product, dense, in float32 and on one thread.
void UpdateByPlainEigen(const float* patterns, int64_t pattern_count, int64_t dim, const float* states,
                        int64_t state_count, float beta, float* next);

// Reads `count` floats and returns something that depends on all of them.
uint64_t ReadFloats(const float* data, int64_t count);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_NATIVE_BASELINE_H_
