// The bounds of every screen hold the canonical score of every row, with every instruction set.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/base/canonical.h"
#include "core/sweep/cpu/screen.h"
#include "core/sweep/screening_limits.h"
#include "core/sweep/tile_sequence.h"
#include "tests/core/bank/test_bank.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/fuzz_patterns.h"

namespace engram::fuzz {
namespace {

constexpr int64_t kBudgetBytes = int64_t{1} << 30;

bool IsScreened(const std::vector<double>& state) {
  double largest = 0;
  for (const double q : state) largest = std::max(largest, std::abs(q));
  return largest == 0 || largest >= kLeastState;
}

// Whether the score lies within the bounds, as a sweep computes them, and these within the bound of the tile.
bool Holds(const Segment& segment, int64_t row, const Screen& screen, int64_t b, float estimate, float upper,
           double exact) {
  const EstimateError& error = screen.error(b);
  const float* residuals = screen.residuals(segment);
  const float residual = residuals == nullptr ? 0 : residuals[row];
  const float margin =
      residual * error.per_residual + segment.norm_bounds()[row] * error.per_norm + error.constant;
  const double scale = screen.scale(b);
  return std::isfinite(estimate) && std::isfinite(margin) && (estimate - margin) * scale <= exact &&
         exact <= (estimate + margin) * scale && exact <= upper * scale;
}

void CheckScreen(const BankSnapshot& bank, const std::vector<SweepState>& states, const Screen& screen,
                 const ScreenKernels& kernels) {
  const int64_t batch = static_cast<int64_t>(states.size());
  const TileSequence tiles(bank);
  for (const TileRange& range : tiles.Ranges(0, tiles.tile_count(), tiles.tile_count())) {
    const Segment& segment = bank.segment(range.segment);
    std::vector<float> estimates(batch * range.count * kTileRows);
    screen.Estimate(segment, range.first, range.count, estimates.data());
    const std::vector<uint16_t> visible(range.count, 0xffff);
    std::vector<float> uppers(range.count);
    for (int64_t b = 0; b < batch; ++b) {
      const float* of_state = estimates.data() + b * range.count * kTileRows;
      const int64_t first_row = range.first * kTileRows;
      const float* residuals = screen.residuals(segment);
      kernels.summarize(of_state, residuals == nullptr ? nullptr : residuals + first_row,
                        segment.norm_bounds() + first_row, screen.error(b), visible.data(), range.count,
                        uppers.data());
      for (int64_t i = 0; i < range.count * kTileRows; ++i) {
        const absl::Span<const float> row = segment.pattern(first_row + i);
        const double exact =
            PortableCanonicalArithmetic().dot(row.data(), states[b].state.data(), segment.dim());
        if (Holds(segment, first_row + i, screen, b, of_state[i], uppers[i / kTileRows], exact)) continue;
        std::fprintf(stderr, "%s: the score %a of a row is not within %a +- its error\n", kernels.name, exact,
                     of_state[i] * screen.scale(b));
        std::abort();
      }
    }
  }
}

}  // namespace
}  // namespace engram::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using engram::Care;
  using engram::Screening;
  engram::fuzz::FuzzBytes bytes(data, size);
  engram::fuzz::FuzzPatterns patterns(&bytes);
  std::vector<std::vector<double>> states;
  for (int b = 1 + bytes.Byte() % 7; b > 0; --b) {
    states.push_back(patterns.State());
    if (!engram::fuzz::IsScreened(states.back())) states.back().assign(patterns.dim(), 0.0);
  }
  std::vector<engram::SweepState> sweep;
  for (const std::vector<double>& state : states) sweep.push_back({state, engram::Cut::Everything(), 1});
  for (const Screening screening : {Screening::kInt8, Screening::kNone}) {
    engram::TestBank bank(patterns.dim(), 0, 0, engram::fuzz::kBudgetBytes, screening);
    if (!bank.Store(patterns.rows()).ok()) std::abort();
    const engram::BankSnapshot snapshot = bank->Pin();
    for (const engram::ScreenKernels& kernels : engram::AllScreenKernels()) {
      if (!kernels.supported()) continue;
      for (const Care care : {Care::kCoarse, Care::kFine}) {
        const auto screen = engram::MakeScreen(snapshot.settings(), sweep, care, kernels);
        engram::fuzz::CheckScreen(snapshot, sweep, *screen, kernels);
      }
    }
  }
  return 0;
}
