#include "core/sweep/cpu/code_screen.h"

#include <vector>

#include "core/codes/row_code.h"

namespace engram {
namespace {

std::vector<absl::Span<const double>> SpansOf(absl::Span<const SweepState> states) {
  std::vector<absl::Span<const double>> spans;
  spans.reserve(states.size());
  for (const SweepState& state : states) spans.push_back(state.state);
  return spans;
}

}  // namespace

CodeScreen::CodeScreen(absl::Span<const SweepState> states, int64_t dim, int plane_count,
                       const ScreenKernels& kernels)
    : dim_(dim), states_(SpansOf(states), dim, plane_count), kernels_(kernels) {}

void CodeScreen::Estimate(const Segment& segment, int64_t first_tile, int64_t tiles, float* estimates) const {
  const CodeTiles rows = {segment.codes() + first_tile * TileBytes(dim_),
                          segment.scales() + first_tile * kTileRows, tiles, UnitCount(dim_)};
  const StatePlanes states = {states_.planes(), states_.sums(), states_.scales(), states_.size(),
                              states_.plane_count()};
  kernels_.estimate(rows, states, estimates);
}

}  // namespace engram
