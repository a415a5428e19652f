#include "core/sweep/cpu/screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "core/base/canonical.h"
#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

// Asserts that the bounds of every row hold the canonical score, and returns the largest ratio of error to
// bound: near 1 would mean that the bound is about to break.
double CheckBounds(const std::vector<float>& rows, const std::vector<double>& state, Screening screening,
                   Care care, const ScreenKernels& kernels) {
  const auto dim = static_cast<int64_t>(state.size());
  TestBank bank(dim, 0, 0, int64_t{1} << 32, screening);
  EXPECT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const SweepState sweep_state{state, Cut(Softmax(), 1, snapshot.pattern_count()), snapshot.version()};
  const auto screen = MakeScreen(snapshot.settings(), {&sweep_state, 1}, care, kernels);
  double worst = 0;
  for (int32_t s = 0; s < snapshot.segment_count(); ++s) {
    const Segment& segment = snapshot.segment(s);
    const int64_t tiles = snapshot.rows_in_segment(s) / kTileRows;
    std::vector<float> estimates(tiles * kTileRows);
    screen->Estimate(segment, 0, tiles, estimates.data());
    for (int64_t i = 0; i < tiles * kTileRows; ++i) {
      const double exact =
          PortableCanonicalArithmetic().dot(segment.pattern(i).data(), state.data(), dim) / screen->scale(0);
      const EstimateError& error = screen->error(0);
      const float residual = screen->residuals(segment) == nullptr ? 0 : screen->residuals(segment)[i];
      const float margin =
          residual * error.per_residual + segment.norm_bounds()[i] * error.per_norm + error.constant;
      EXPECT_LE(estimates[i] - margin, exact);
      EXPECT_GE(estimates[i] + margin, exact);
      EXPECT_TRUE(std::isfinite(estimates[i]) && std::isfinite(margin));
      if (margin > 0) worst = std::max(worst, std::abs(exact - estimates[i]) / static_cast<double>(margin));
    }
  }
  return worst;
}

// The same with all kernels that run here and both screens.
double CheckBounds(const std::vector<float>& rows, const std::vector<double>& state) {
  double worst = 0;
  for (const ScreenKernels& kernels : AllScreenKernels()) {
    if (!kernels.supported()) continue;
    SCOPED_TRACE(kernels.name);
    worst = std::max(worst, CheckBounds(rows, state, Screening::kNone, Care::kFine, kernels));
    worst = std::max(worst, CheckBounds(rows, state, Screening::kInt8, Care::kFine, kernels));
    worst = std::max(worst, CheckBounds(rows, state, Screening::kInt8, Care::kCoarse, kernels));
  }
  return worst;
}

class ScreenTest : public ::testing::TestWithParam<int64_t> {
 protected:
  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};

  std::vector<double> State(double scale) {
    std::normal_distribution<double> normal;
    std::vector<double> state(GetParam());
    for (double& q : state) q = scale * normal(random_);
    return state;
  }
  std::vector<float> Rows(int64_t count, double scale) {
    std::normal_distribution<double> normal;
    std::vector<float> rows(count * GetParam());
    for (float& x : rows) x = static_cast<float>(scale * normal(random_));
    return rows;
  }
};

TEST_P(ScreenTest, BoundsHoldAtEveryScale) {
  // With many columns a few extremes must do: there are many kernels.
  const std::vector<double> row_scales = GetParam() < 10'000
                                             ? std::vector<double>{0, 1e-44, 1e-38, 1e-20, 1, 1e20, 1e29}
                                             : std::vector<double>{1e-38, 1e29};
  for (const double row_scale : row_scales) {
    for (const double state_scale : {0.0, 1e-270, 1e-160, 1e-44, 1e-20, 1.0, 1e20, 1e29}) {
      SCOPED_TRACE(std::to_string(row_scale) + " x " + std::to_string(state_scale));
      EXPECT_LE(CheckBounds(Rows(16, row_scale), State(state_scale)), 1);
    }
  }
}

TEST_P(ScreenTest, BoundsHoldForRowsThatMaximiseTheError) {
  // Parallel to the state, so that all terms have one sign and Cauchy-Schwarz is tight; components halfway
  // between floats, so that each rounding is as large as it can be.
  std::vector<double> state(GetParam());
  for (double& q : state) q = 1 + (random_() % 2 == 0 ? 0x1p-24 : -0x1p-25) * 0.999;
  std::vector<float> rows;
  for (int i = 0; i < 16; ++i) {
    for (int64_t j = 0; j < GetParam(); ++j) rows.push_back(1 + 0x1p-23f * static_cast<float>(random_() % 4));
  }
  EXPECT_LE(CheckBounds(rows, state), 1);
}

TEST_P(ScreenTest, BoundsHoldUnderCancellation) {
  std::vector<double> state(GetParam());
  for (size_t j = 0; j < state.size(); ++j)
    state[j] = (j % 2 == 0 ? 1 : -1) * (1 + 1e-9 * static_cast<double>(j));
  EXPECT_LE(CheckBounds(std::vector<float>(16 * GetParam(), 3.14159F), state), 1);
}

TEST_P(ScreenTest, BoundsHoldForOutlierColumns) {
  std::vector<float> rows = Rows(16, 1);
  for (size_t i = 0; i < rows.size(); i += GetParam()) rows[i] = 1e12f;
  std::vector<double> state = State(1);
  state.back() = 1e12;
  EXPECT_LE(CheckBounds(rows, state), 1);
}

INSTANTIATE_TEST_SUITE_P(Dimensions, ScreenTest, ::testing::Values(1, 2, 3, 17, 256, 1000, 65'536));

}  // namespace
}  // namespace engram
