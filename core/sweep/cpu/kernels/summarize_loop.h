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

// The upper bounds of a tile, each lane the largest of its rows.
template <class Isa, bool kResiduals>
ENGRAM_INLINE typename Isa::Floats BoundTile(const SummarizeInput& in, int64_t tile) {
  using Floats = typename Isa::Floats;
  using Ints = typename Isa::Ints;
  constexpr int kLanes = sizeof(Floats) / sizeof(float);
  const Floats nothing = Floats{} - std::numeric_limits<float>::infinity();
  Ints bit;
  ENGRAM_UNROLL for (int l = 0; l < kLanes; ++l) bit[l] = 1 << l;
  Floats upper = nothing;
  ENGRAM_UNROLL for (int part = 0; part < 16 / kLanes; ++part) {
    const int64_t row = tile * 16 + part * kLanes;
    const auto estimate = Load<Floats>(in.estimates + row);
    Floats error = Load<Floats>(in.norms + row) * in.error.per_norm + in.error.constant;
    if constexpr (kResiduals) error += Load<Floats>(in.residuals + row) * in.error.per_residual;
    const auto shown = ((Ints{} + (in.visible[tile] >> (part * kLanes))) & bit) != 0;
    upper = Max::Of(upper, shown ? estimate + error : nothing);
  }
  return upper;
}

template <class Isa, bool kResiduals>
void SummarizeTiles(const SummarizeInput& in, int64_t tiles, float* uppers) {
  using Floats = typename Isa::Floats;
  int64_t tile = 0;
  for (; tile + 4 <= tiles; tile += 4) {
    Floats upper[4];
    ENGRAM_UNROLL for (int t = 0; t < 4; ++t) upper[t] = BoundTile<Isa, kResiduals>(in, tile + t);
    Store(uppers + tile, ReduceFour<Max>(upper));
  }
  for (; tile < tiles; ++tile) {
    const Floats upper = BoundTile<Isa, kResiduals>(in, tile);
    const Floats same[4] = {upper, upper, upper, upper};
    uppers[tile] = ReduceFour<Max>(same)[0];
  }
}

template <class Isa>
void Summarize(const float* estimates, const float* residuals, const float* norms, const EstimateError& error,
               const uint16_t* visible, int64_t tiles, float* uppers) {
  const SummarizeInput in = {estimates, residuals, norms, error, visible};
  if (residuals == nullptr) {
    SummarizeTiles<Isa, false>(in, tiles, uppers);
  } else {
    SummarizeTiles<Isa, true>(in, tiles, uppers);
  }
}

}  // namespace
}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_KERNELS_SUMMARIZE_LOOP_H_
