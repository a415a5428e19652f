#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_

#include "core/sweep/cpu/kernels/lanes.h"
#include "core/sweep/cpu/screen_kernels.h"

// ScreenKernels::estimate for the instruction set `Isa`. Included as lanes.h is.
//
// Isa has Bytes, Ints and Floats, vectors of one size; LoadCodes; LoadQuery: 4 columns of a plane for all
// lanes; Dot: adds the 4 products of each lane. kBias: what LoadCodes leaves added to each code.
// kTiles x kPlanes sums are what the registers hold.
namespace engram {
namespace {

// Where to ask for memory that later tiles need, while this block computes: every pass over the tiles at hand
// asks for its share of the next, so that memory works all the time. May lie beyond the codes: asking never
// faults.
struct Ahead {
  const uint8_t* codes;
  int64_t bytes_per_unit;
};

// One register tile: kTiles tiles from `tile`, kStates states of kPlanes planes from `state`.
template <class Isa, int kTiles, int kStates, int kPlanes>
void EstimateBlock(const CodeTiles& rows, const StatePlanes& states, int64_t tile, int64_t state,
                   const Ahead& ahead, float* estimates) {
  using Ints = typename Isa::Ints;
  using Floats = typename Isa::Floats;
  constexpr int kParts = kUnitBytes / sizeof(Ints);
  constexpr int kLanes = kTileRows / kParts;
  const int64_t units = rows.units;
  const uint8_t* codes = rows.codes + tile * units * kUnitBytes;
  const int8_t* planes = states.planes + state * kPlanes * units * 4;
  Ints sum[kStates * kPlanes][kTiles][kParts];
  ENGRAM_UNROLL for (int c = 0; c < kStates * kPlanes; ++c) {
    ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
      ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
        sum[c][t][p] = Ints{} - Isa::kBias * states.sums[state * kPlanes + c];
      }
    }
  }
  for (int64_t u = 0; u < units; ++u) {
    const uint8_t* next = ahead.codes + u * ahead.bytes_per_unit;
    for (int64_t b = 0; b < ahead.bytes_per_unit; b += kUnitBytes) __builtin_prefetch(next + b, 0, 2);
    typename Isa::Bytes code[kTiles][kParts];
    ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
      ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
        code[t][p] = Isa::LoadCodes(codes + (t * units + u) * kUnitBytes + p * sizeof(Ints));
      }
    }
    ENGRAM_UNROLL for (int c = 0; c < kStates * kPlanes; ++c) {
      const auto query = Isa::LoadQuery(planes + (c * units + u) * 4);
      ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
        ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
          sum[c][t][p] = Isa::Dot(sum[c][t][p], code[t][p], query);
        }
      }
    }
  }
  ENGRAM_UNROLL for (int s = 0; s < kStates; ++s) {
    const float scale = states.scales[state + s];
    float* out = estimates + ((state + s) * rows.tiles + tile) * kTileRows;
    ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
      ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
        const int row = t * kTileRows + p * kLanes;
        Floats value = __builtin_convertvector(sum[s * kPlanes][t][p], Floats);
        if constexpr (kPlanes == 2) {
          value += __builtin_convertvector(sum[s * kPlanes + 1][t][p], Floats) * (1.0F / kPlaneRatio);
        }
        Store(out + row, value * scale * Load<Floats>(rows.scales + tile * kTileRows + row));
      }
    }
  }
}

template <class Isa, int kTiles, int kStates, int kPlanes>
ENGRAM_INLINE void EstimateStates(int64_t count, const CodeTiles& rows, const StatePlanes& states,
                                  int64_t tile, int64_t state, const Ahead& ahead, float* estimates) {
  if (count == kStates) {
    EstimateBlock<Isa, kTiles, kStates, kPlanes>(rows, states, tile, state, ahead, estimates);
  } else if constexpr (kStates > 1) {
    EstimateStates<Isa, kTiles, kStates - 1, kPlanes>(count, rows, states, tile, state, ahead, estimates);
  }
}

// Every state, in groups of nearly one size.
template <class Isa, int kTiles, int kPlanes>
ENGRAM_INLINE void EstimateTiles(const CodeTiles& rows, const StatePlanes& states, int64_t tile,
                                 float* estimates) {
  constexpr int kStates = Isa::kPlanes / kPlanes;
  const int64_t groups = (states.states + kStates - 1) / kStates;
  Ahead ahead = {rows.codes + (tile + kTiles) * rows.units * kUnitBytes, kTiles * kUnitBytes / groups};
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t state = g * states.states / groups;
    const int64_t count = (g + 1) * states.states / groups - state;
    EstimateStates<Isa, kTiles, kStates, kPlanes>(count, rows, states, tile, state, ahead, estimates);
    ahead.codes += rows.units * ahead.bytes_per_unit;
  }
}

template <class Isa, int kPlanes>
void EstimatePlanes(const CodeTiles& rows, const StatePlanes& states, float* estimates) {
  int64_t tile = 0;
  for (; tile + Isa::kTiles <= rows.tiles; tile += Isa::kTiles) {
    EstimateTiles<Isa, Isa::kTiles, kPlanes>(rows, states, tile, estimates);
  }
  for (; tile < rows.tiles; ++tile) EstimateTiles<Isa, 1, kPlanes>(rows, states, tile, estimates);
}

template <class Isa>
void Estimate(const CodeTiles& rows, const StatePlanes& states, float* estimates) {
  if (states.planes_per_state == 1) {
    EstimatePlanes<Isa, 1>(rows, states, estimates);
  } else {
    EstimatePlanes<Isa, 2>(rows, states, estimates);
  }
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_
