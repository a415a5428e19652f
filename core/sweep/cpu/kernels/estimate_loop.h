#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_

#include "core/sweep/cpu/kernels/lanes.h"
#include "core/sweep/cpu/screen_kernels.h"

// ScreenKernels::estimate for the instruction set `Isa`. Included as lanes.h is.
//
// Isa has Bytes, Ints and Floats, vectors of one size; LoadCodes; LoadQuery: 4 columns of a plane for all
// lanes; Dot: adds the 4 products of each lane. kBias: what LoadCodes leaves added to each code. A column is
// a plane of a state; kTiles x kColumns is what the registers hold.
namespace engram {
namespace {

constexpr int64_t kUnitBytes = 64;
constexpr int64_t kTileRows = 16;

// Sums of kTiles tiles and kColumns columns.
template <class Isa, int kTiles, int kColumns>
struct EstimateSums {
  static constexpr int kParts = kUnitBytes / sizeof(typename Isa::Bytes);
  typename Isa::Ints of[kColumns][kTiles][kParts];
};

template <class Isa, int kTiles, int kColumns>
ENGRAM_INLINE void SumProducts(const uint8_t* codes, const int8_t* planes, int64_t units,
                               EstimateSums<Isa, kTiles, kColumns>* sums) {
  constexpr int kParts = EstimateSums<Isa, kTiles, kColumns>::kParts;
  typename Isa::Ints sum[kColumns][kTiles][kParts] = {};
  for (int64_t u = 0; u < units; ++u) {
    typename Isa::Bytes code[kTiles][kParts];
    ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
      const uint8_t* unit = codes + (t * units + u) * kUnitBytes;
      __builtin_prefetch(unit + Isa::kAhead);
      ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
        code[t][p] = Isa::LoadCodes(unit + p * sizeof(typename Isa::Bytes));
      }
    }
    ENGRAM_UNROLL for (int c = 0; c < kColumns; ++c) {
      const auto query = Isa::LoadQuery(planes + (c * units + u) * 4);
      ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
        ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) {
          sum[c][t][p] = Isa::Dot(sum[c][t][p], code[t][p], query);
        }
      }
    }
  }
  ENGRAM_UNROLL for (int c = 0; c < kColumns; ++c) {
    ENGRAM_UNROLL for (int t = 0; t < kTiles; ++t) {
      ENGRAM_UNROLL for (int p = 0; p < kParts; ++p) sums->of[c][t][p] = sum[c][t][p];
    }
  }
}

// One register tile: kTiles tiles from `tile`, kColumns columns from `column`.
template <class Isa, int kTiles, int kColumns>
void EstimateBlock(const CodeTiles& rows, const StatePlanes& states, int64_t tile, int64_t column,
                   float* estimates) {
  using Floats = typename Isa::Floats;
  using Sums = EstimateSums<Isa, kTiles, kColumns>;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  Sums sums;
  SumProducts<Isa>(rows.codes + tile * rows.units * kUnitBytes, states.planes + column * rows.units * 4,
                   rows.units, &sums);
  const int per_state = states.planes_per_state;
  for (int c = 0; c < kColumns; c += per_state) {
    const int64_t state = (column + c) / per_state;
    const int32_t* plane_sums = states.sums + column + c;
    for (int64_t t = 0; t < kTiles; ++t) {
      for (int64_t p = 0; p < Sums::kParts; ++p) {
        const int64_t row = (tile + t) * kTileRows + p * kLanes;
        Floats value = __builtin_convertvector(sums.of[c][t][p] - Isa::kBias * plane_sums[0], Floats);
        if (per_state == 2) {
          const auto second = sums.of[c + 1][t][p] - Isa::kBias * plane_sums[1];
          value += __builtin_convertvector(second, Floats) * (1.0F / 254);
        }
        value = value * states.scales[state] * Load<Floats>(rows.scales + row);
        Store(estimates + state * rows.tiles * kTileRows + row, value);
      }
    }
  }
}

template <class Isa, int kTiles, int kColumns>
ENGRAM_INLINE void EstimateColumns(int64_t columns, const CodeTiles& rows, const StatePlanes& states,
                                   int64_t tile, int64_t column, float* estimates) {
  if (columns == kColumns) {
    EstimateBlock<Isa, kTiles, kColumns>(rows, states, tile, column, estimates);
  } else if constexpr (kColumns > 1) {
    EstimateColumns<Isa, kTiles, kColumns - 1>(columns, rows, states, tile, column, estimates);
  }
}

template <class Isa, int kTiles>
ENGRAM_INLINE void EstimateTiles(const CodeTiles& rows, const StatePlanes& states, int64_t tile,
                                 float* estimates) {
  // A multiple of 2, so that both planes of a state are in one block.
  static_assert(Isa::kColumns % 2 == 0);
  const int64_t columns = states.states * states.planes_per_state;
  for (int64_t column = 0; column < columns; column += Isa::kColumns) {
    const int64_t count = columns - column < Isa::kColumns ? columns - column : Isa::kColumns;
    EstimateColumns<Isa, kTiles, Isa::kColumns>(count, rows, states, tile, column, estimates);
  }
}

template <class Isa>
void Estimate(const CodeTiles& rows, const StatePlanes& states, float* estimates) {
  int64_t tile = 0;
  for (; tile + Isa::kTiles <= rows.tiles; tile += Isa::kTiles) {
    EstimateTiles<Isa, Isa::kTiles>(rows, states, tile, estimates);
  }
  for (; tile < rows.tiles; ++tile) EstimateTiles<Isa, 1>(rows, states, tile, estimates);
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_ESTIMATE_LOOP_H_
