#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_SCORE_LOOP_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_SCORE_LOOP_H_

#include "core/sweep/cpu/kernels/lanes.h"
#include "core/sweep/cpu/screen_kernels.h"

// ScreenKernels::score for the instruction set `Isa`. Included as lanes.h is.
//
// Isa has Floats; Fma; LoadFirst: `count` lanes, the others 0. kStates states of 4 rows are what the
// registers hold.
namespace engram {
namespace {

// Columns of states and rows that stay in the first-level cache together.
constexpr int64_t kScoreColumns = 1024;
// Bytes of a block of rows: it and the next stay in the second-level cache while every state passes over
// them.
constexpr int64_t kScoreBlockBytes = 32 << 10;

struct ScoreInput {
  const float* patterns;
  const float* states;
  int64_t dim;
  int64_t row_count;
  // Columns [begin, end); the scores are added to those already there unless begin is 0.
  int64_t begin;
  int64_t end;
  int64_t block_rows;
};

// Which of every 4 rows of the next block to ask for while this one computes, so that memory works all the
// time. They may lie beyond the patterns: asking never faults.
struct ScoreAhead {
  int64_t begin;
  int64_t end;
};

// One register tile: kRows rows from `row`, kStates states from `state`.
template <class Isa, int kRows, int kStates>
void ScoreBlock(const ScoreInput& in, int64_t row, int64_t state, const ScoreAhead& ahead, float* scores) {
  using Floats = typename Isa::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  const float* x = in.patterns + row * in.dim;
  const float* q = in.states + state * in.dim;
  const float* next = x + in.block_rows * in.dim;
  Floats sum[kStates][4] = {};
  int64_t j = in.begin;
  for (; j + kLanes <= in.end; j += kLanes) {
    for (int64_t r = ahead.begin; r < ahead.end; ++r) __builtin_prefetch(next + r * in.dim + j, 0, 2);
    Floats rows[kRows];
    ENGRAM_UNROLL for (int r = 0; r < kRows; ++r) rows[r] = Load<Floats>(x + r * in.dim + j);
    ENGRAM_UNROLL for (int s = 0; s < kStates; ++s) {
      const auto component = Load<Floats>(q + s * in.dim + j);
      ENGRAM_UNROLL for (int r = 0; r < kRows; ++r) sum[s][r] = Isa::Fma(rows[r], component, sum[s][r]);
    }
  }
  if (j < in.end) {
    Floats rows[kRows];
    ENGRAM_UNROLL for (int r = 0; r < kRows; ++r) rows[r] = Isa::LoadFirst(x + r * in.dim + j, in.end - j);
    ENGRAM_UNROLL for (int s = 0; s < kStates; ++s) {
      const auto component = Isa::LoadFirst(q + s * in.dim + j, in.end - j);
      ENGRAM_UNROLL for (int r = 0; r < kRows; ++r) sum[s][r] = Isa::Fma(rows[r], component, sum[s][r]);
    }
  }
  ENGRAM_UNROLL for (int s = 0; s < kStates; ++s) {
    float* out = scores + (state + s) * in.row_count + row;
    Floats4 total = ReduceFour<Add>(sum[s]);
    if constexpr (kRows == 4) {
      if (in.begin > 0) total += Load<Floats4>(out);
      Store(out, total);
    } else {
      *out = in.begin > 0 ? *out + total[0] : total[0];
    }
  }
}

template <class Isa, int kStates>
ENGRAM_INLINE void ScoreStates(int64_t count, const ScoreInput& in, int64_t row, int64_t end, int64_t state,
                               const ScoreAhead& ahead, float* scores) {
  if (count == kStates) {
    for (; row + 4 <= end; row += 4) ScoreBlock<Isa, 4, kStates>(in, row, state, ahead, scores);
    for (; row < end; ++row) ScoreBlock<Isa, 1, kStates>(in, row, state, {0, 0}, scores);
  } else if constexpr (kStates > 1) {
    ScoreStates<Isa, kStates - 1>(count, in, row, end, state, ahead, scores);
  }
}

// Every state, in groups of nearly one size. The first 4 passes over the block share the asking.
template <class Isa>
ENGRAM_INLINE void ScoreRows(const ScoreInput& in, int64_t row, int64_t end, int64_t state_count,
                             float* scores) {
  const int64_t groups = (state_count + Isa::kStates - 1) / Isa::kStates;
  const int64_t shares = groups < 4 ? groups : 4;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t state = g * state_count / groups;
    const int64_t count = (g + 1) * state_count / groups - state;
    const ScoreAhead ahead = {g * 4 / shares, g < shares ? (g + 1) * 4 / shares : 0};
    ScoreStates<Isa, Isa::kStates>(count, in, row, end, state, ahead, scores);
  }
}

template <class Isa>
void Score(const float* patterns, int64_t row_count, int64_t dim, const float* states, int64_t state_count,
           float* scores) {
  for (int64_t begin = 0; begin < dim; begin += kScoreColumns) {
    const int64_t end = dim - begin < kScoreColumns ? dim : begin + kScoreColumns;
    const int64_t block = kScoreBlockBytes / static_cast<int64_t>((end - begin) * sizeof(float)) / 4 * 4;
    const ScoreInput in = {patterns, states, dim, row_count, begin, end, block};
    for (int64_t row = 0; row < row_count; row += block) {
      ScoreRows<Isa>(in, row, row_count - row < block ? row_count : row + block, state_count, scores);
    }
  }
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_SCORE_LOOP_H_
