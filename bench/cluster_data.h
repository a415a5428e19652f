#ifndef ENGRAM_BENCH_CLUSTER_DATA_H_
#define ENGRAM_BENCH_CLUSTER_DATA_H_

#include <cstdint>
#include <vector>

namespace engram::bench {

// Seeded patterns in Gaussian clusters, and noisy cues of them, all of norm 1: the cosine of a pattern and
// its cluster's centre, and of a cue and the pattern it was made from, is about 0.8, that of two patterns of
// a cluster about 0.64. At kSharpBeta a cue of a pattern recalls it alone by every sparse transformation.
//
// Shapes: N patterns, B cues, D dimensions, row-major.
struct ClusterData {
  std::vector<float> patterns;  // [N, D]
  std::vector<float> cues;      // [B, D]; cue b is of pattern b N / B.
};

inline constexpr double kSharpBeta = 28;

// Depends on nothing but its arguments. REQUIRES: pattern_count, cue_count and dim >= 1.
ClusterData MakeClusterData(int64_t pattern_count, int64_t cue_count, int64_t dim, uint64_t seed);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_CLUSTER_DATA_H_
