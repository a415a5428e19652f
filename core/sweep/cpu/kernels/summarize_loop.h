#ifndef ENGRAM_CORE_SWEEP_CPU_KERNELS_SUMMARIZE_LOOP_H_
#define ENGRAM_CORE_SWEEP_CPU_KERNELS_SUMMARIZE_LOOP_H_

#include "core/sweep/cpu/kernels/lanes.h"
#include "core/sweep/cpu/screen_kernels.h"

// ScreenKernels::summarize for the instruction set `Isa`, which has Floats and Ints. Included as lanes.h is.
namespace engram {
namespace {

struct SummarizeInput {
  const float* estimates;
  const float* residuals;
  const float* norms;
  EstimateError error;
  const uint16_t* visible;
};

// The bounds of a tile, each lane the largest of its rows.
template <class Isa, bool kResiduals>
ENGRAM_INLINE void BoundTile(const SummarizeInput& in, int64_t tile, typename Isa::Floats* upper,
                             typename Isa::Floats* lower) {
  using Floats = typename Isa::Floats;
  using Ints = typename Isa::Ints;
  constexpr int kLanes = sizeof(Floats) / sizeof(float);
  const Floats nothing = Floats{} - std::numeric_limits<float>::infinity();
  Ints bit;
  ENGRAM_UNROLL for (int l = 0; l < kLanes; ++l) bit[l] = 1 << l;
  *upper = *lower = nothing;
  ENGRAM_UNROLL for (int part = 0; part < 16 / kLanes; ++part) {
    const int64_t row = tile * 16 + part * kLanes;
    const auto estimate = Load<Floats>(in.estimates + row);
    Floats error = Load<Floats>(in.norms + row) * in.error.per_norm + in.error.constant;
    if constexpr (kResiduals) error += Load<Floats>(in.residuals + row) * in.error.per_residual;
    const auto shown = ((Ints{} + (in.visible[tile] >> (part * kLanes))) & bit) != 0;
    *upper = Max::Of(*upper, shown ? estimate + error : nothing);
    *lower = Max::Of(*lower, shown ? estimate - error : nothing);
  }
}

template <class Isa, bool kResiduals>
void SummarizeTiles(const SummarizeInput& in, int64_t tiles, float* uppers, float* lowers) {
  using Floats = typename Isa::Floats;
  int64_t tile = 0;
  for (; tile + 4 <= tiles; tile += 4) {
    Floats upper[4];
    Floats lower[4];
    ENGRAM_UNROLL for (int t = 0; t < 4; ++t) {
      BoundTile<Isa, kResiduals>(in, tile + t, &upper[t], &lower[t]);
    }
    Store(uppers + tile, ReduceFour<Max>(upper));
    Store(lowers + tile, ReduceFour<Max>(lower));
  }
  for (; tile < tiles; ++tile) {
    Floats bounds[4];
    BoundTile<Isa, kResiduals>(in, tile, &bounds[0], &bounds[1]);
    bounds[2] = bounds[3] = bounds[0];
    const Floats4 largest = ReduceFour<Max>(bounds);
    uppers[tile] = largest[0];
    lowers[tile] = largest[1];
  }
}

template <class Isa>
void Summarize(const float* estimates, const float* residuals, const float* norms, const EstimateError& error,
               const uint16_t* visible, int64_t tiles, float* uppers, float* lowers) {
  const SummarizeInput in = {estimates, residuals, norms, error, visible};
  if (residuals == nullptr) {
    SummarizeTiles<Isa, false>(in, tiles, uppers, lowers);
  } else {
    SummarizeTiles<Isa, true>(in, tiles, uppers, lowers);
  }
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_SUMMARIZE_LOOP_H_
