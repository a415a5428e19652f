#include "core/sweep/cpu/stream_kernels.h"

#include <algorithm>
#include <cstring>

#include "core/base/instruction_set.h"

namespace engram {
namespace {

constexpr int64_t kLanes = 32;
constexpr int64_t kHalfBlock = kStreamBlock / 2;

// The lanes added by the tree; in vectors, which the compiler does not make of loops as short as these.
ENGRAM_INLINE float SumLanes(const float* lane) {
  using V16 = float __attribute__((vector_size(64)));
  V16 low;
  V16 high;
  std::memcpy(&low, lane, sizeof(low));
  std::memcpy(&high, lane + 16, sizeof(high));
  low += high;
  const auto eight = __builtin_shufflevector(low, low, 0, 1, 2, 3, 4, 5, 6, 7) +
                     __builtin_shufflevector(low, low, 8, 9, 10, 11, 12, 13, 14, 15);
  const auto four =
      __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// Brings kLanes floats into the second-level cache.
ENGRAM_INLINE void Prefetch(const float* x) {
  __builtin_prefetch(x, 0, 2);
  __builtin_prefetch(x + kLanes / 2, 0, 2);
}

// Scores R rows for S states: each row and each state is loaded once for all of the others, and the R S sums
// stay in registers.
template <int R, int S>
ENGRAM_INLINE void ScoreTile(const float* rows, int64_t dim, const float* states, float* scores,
                             int64_t ahead) {
  float lane[R][S][kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= dim; j += kLanes) {
    for (int r = 0; r < R; ++r) {
      if (ahead > 0) Prefetch(rows + r * dim + j + ahead);
      for (int s = 0; s < S; ++s) {
        for (int l = 0; l < kLanes; ++l) {
          lane[r][s][l] = __builtin_fmaf(rows[r * dim + j + l], states[s * dim + j + l], lane[r][s][l]);
        }
      }
    }
  }
  if (j < dim) {
    float x[R][kLanes] = {};
    float q[S][kLanes] = {};
    for (int r = 0; r < R; ++r) std::copy(rows + r * dim + j, rows + (r + 1) * dim, x[r]);
    for (int s = 0; s < S; ++s) std::copy(states + s * dim + j, states + (s + 1) * dim, q[s]);
    for (int r = 0; r < R; ++r) {
      for (int s = 0; s < S; ++s) {
        for (int l = 0; l < kLanes; ++l) lane[r][s][l] = __builtin_fmaf(x[r][l], q[s][l], lane[r][s][l]);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int s = 0; s < S; ++s) {
      scores[s * kStreamBlock + r] = SumLanes(lane[r][s]);
    }
  }
}

// All rows for S states.
template <int R, int S>
ENGRAM_INLINE void ScoreRows(const float* rows, int64_t row_count, int64_t dim, const float* states,
                             float* scores, int64_t ahead) {
  int64_t r = 0;
  for (; r + R <= row_count; r += R) ScoreTile<R, S>(rows + r * dim, dim, states, scores + r, ahead);
  for (; r < row_count; ++r) ScoreTile<1, S>(rows + r * dim, dim, states, scores + r, ahead);
}

template <int R, int S>
ENGRAM_INLINE void ScoreLoop(const float* rows, int64_t row_count, int64_t dim, const float* states,
                             int64_t state_count, float* scores, int64_t ahead) {
  int64_t s = 0;
  for (; s + S <= state_count; s += S) {
    ScoreRows<R, S>(rows, row_count, dim, states + s * dim, scores + s * kStreamBlock, s == 0 ? ahead : 0);
  }
  for (; s < state_count; ++s) {
    ScoreRows<R, 1>(rows, row_count, dim, states + s * dim, scores + s * kStreamBlock, s == 0 ? ahead : 0);
  }
}

// Adds rows [begin, end) to the sums of `count` <= C columns from `column` on and S states.
template <int C, int S>
ENGRAM_INLINE void SumTile(const float* rows, int64_t begin, int64_t end, int64_t dim, int64_t column,
                           int64_t count, const float* const* weights, float (*sum)[C]) {
  for (int64_t r = begin; r < end; ++r) {
    const float* x = rows + r * dim + column;
    if (count == C) {
      for (int s = 0; s < S; ++s) {
        for (int c = 0; c < C; ++c) sum[s][c] = __builtin_fmaf(weights[s][r], x[c], sum[s][c]);
      }
    } else {
      for (int s = 0; s < S; ++s) {
        for (int64_t c = 0; c < count; ++c) sum[s][c] = __builtin_fmaf(weights[s][r], x[c], sum[s][c]);
      }
    }
  }
}

template <int C, int S>
ENGRAM_INLINE void AccumulateTile(const float* rows, int64_t row_count, int64_t dim, int64_t column,
                                  int64_t count, const float* const* weights, double* const* sums) {
  float first[S][C] = {};
  float last[S][C] = {};
  const int64_t middle = std::min(row_count, kHalfBlock);
  SumTile<C, S>(rows, 0, middle, dim, column, count, weights, first);
  SumTile<C, S>(rows, middle, row_count, dim, column, count, weights, last);
  for (int s = 0; s < S; ++s) {
    for (int64_t c = 0; c < count; ++c) {
      sums[s][column + c] += static_cast<double>(first[s][c] + last[s][c]);
    }
  }
}

// C columns at a time, whose sums stay in registers.
template <int C, int S>
ENGRAM_INLINE void AccumulateColumns(const float* rows, int64_t row_count, int64_t dim,
                                     const float* const* weights, double* const* sums) {
  int64_t column = 0;
  for (; column + C <= dim; column += C) {
    AccumulateTile<C, S>(rows, row_count, dim, column, C, weights, sums);
  }
  if (column < dim) {
    AccumulateTile<C, S>(rows, row_count, dim, column, dim - column, weights, sums);
  }
}

template <int C1, int C, int S>
ENGRAM_INLINE void AccumulateLoop(const float* rows, int64_t row_count, int64_t dim,
                                  const float* const* weights, double* const* sums, int64_t state_count) {
  int64_t s = 0;
  for (; s + S <= state_count; s += S) {
    AccumulateColumns<C, S>(rows, row_count, dim, weights + s, sums + s);
  }
  for (; s < state_count; ++s) {
    AccumulateColumns<C1, 1>(rows, row_count, dim, weights + s, sums + s);
  }
}

// The tiles fit the registers of each target.
#define ENGRAM_STREAM_KERNELS(suffix, target, R, S, C1, C, SA)                                            \
  target void Score##suffix(const float* rows, int64_t row_count, int64_t dim, const float* states,       \
                            int64_t state_count, float* scores, int64_t ahead) {                          \
    ScoreLoop<R, S>(rows, row_count, dim, states, state_count, scores, ahead);                            \
  }                                                                                                       \
  target void Accumulate##suffix(const float* rows, int64_t row_count, int64_t dim,                       \
                                 const float* const* weights, double* const* sums, int64_t state_count) { \
    AccumulateLoop<C1, C, SA>(rows, row_count, dim, weights, sums, state_count);                          \
  }

ENGRAM_STREAM_KERNELS(Portable, , 1, 1, 32, 32, 1)

#if defined(__x86_64__)

ENGRAM_STREAM_KERNELS(Avx2, ENGRAM_TARGET_AVX2, 2, 1, 64, 32, 2)
ENGRAM_STREAM_KERNELS(Avx512, ENGRAM_TARGET_AVX512, 4, 3, 128, 64, 4)

#endif

#undef ENGRAM_STREAM_KERNELS

constexpr StreamKernels kAll[] = {
#if defined(__x86_64__)
    {"avx512", HasAvx512, ScoreAvx512, AccumulateAvx512},
    {"avx2", HasAvx2, ScoreAvx2, AccumulateAvx2},
#endif
    {"portable", HasBaseline, ScorePortable, AccumulatePortable},
};

}  // namespace

absl::Span<const StreamKernels> AllStreamKernels() { return kAll; }

const StreamKernels& BestStreamKernels() {
  static const StreamKernels& best = FirstSupported(AllStreamKernels());
  return best;
}

}  // namespace engram
