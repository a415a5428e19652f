#include "core/sweep/float_screen.h"

#include <gtest/gtest.h>

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
double CheckBounds(const std::vector<float>& rows, const std::vector<double>& state) {
  const auto dim = static_cast<int64_t>(state.size());
  TestBank bank(dim);
  EXPECT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const SweepState sweep_state{state, Cut(Softmax(), 1, snapshot.pattern_count()), snapshot.version()};
  const FloatScreen screen(absl::MakeConstSpan(&sweep_state, 1), dim);
  double worst = 0;
  for (int32_t s = 0; s < snapshot.segment_count(); ++s) {
    std::vector<float> scores;
    screen.Score(snapshot.segment(s), 0, snapshot.rows_in_segment(s), &scores);
    for (int32_t i = 0; i < snapshot.rows_in_segment(s); ++i) {
      const double exact =
          PortableCanonicalArithmetic().dot(snapshot.pattern({s, i}).data(), state.data(), dim);
      const auto bounds = screen.BoundsOf(0, scores[i], snapshot.segment(s).norm(i));
      EXPECT_LE(bounds.lower, exact);
      EXPECT_GE(bounds.upper, exact);
      EXPECT_TRUE(std::isfinite(bounds.lower) && std::isfinite(bounds.upper));
      const double middle = (bounds.lower + bounds.upper) / 2;
      if (bounds.upper > bounds.lower) {
        worst = std::max(worst, std::abs(exact - middle) / ((bounds.upper - bounds.lower) / 2));
      }
    }
  }
  return worst;
}

class FloatScreenTest : public ::testing::TestWithParam<int64_t> {
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

TEST_P(FloatScreenTest, BoundsHoldAtEveryScale) {
  for (const double row_scale : {0.0, 1e-44, 1e-38, 1e-20, 1.0, 1e20, 1e29}) {
    for (const double state_scale : {0.0, 1e-320, 1e-160, 1e-44, 1e-20, 1.0, 1e20, 1e29}) {
      SCOPED_TRACE(std::to_string(row_scale) + " x " + std::to_string(state_scale));
      EXPECT_LE(CheckBounds(Rows(20, row_scale), State(state_scale)), 1);
    }
  }
}

TEST_P(FloatScreenTest, BoundsHoldForRowsThatMaximiseTheError) {
  // Parallel to the state, so that all terms have one sign and Cauchy-Schwarz is tight; components halfway
  // between floats, so that each rounding is as large as it can be.
  std::vector<double> state(GetParam());
  for (double& q : state) q = 1 + (random_() % 2 == 0 ? 0x1p-24 : -0x1p-25) * 0.999;
  std::vector<float> rows;
  for (int i = 0; i < 20; ++i) {
    for (int64_t j = 0; j < GetParam(); ++j) rows.push_back(1 + 0x1p-23f * static_cast<float>(random_() % 4));
  }
  EXPECT_LE(CheckBounds(rows, state), 1);
}

TEST_P(FloatScreenTest, BoundsHoldUnderCancellation) {
  std::vector<double> state(GetParam());
  for (size_t j = 0; j < state.size(); ++j)
    state[j] = (j % 2 == 0 ? 1 : -1) * (1 + 1e-9 * static_cast<double>(j));
  EXPECT_LE(CheckBounds(std::vector<float>(GetParam(), 3.14159f), state), 1);
}

TEST_P(FloatScreenTest, BoundsHoldForOutlierColumns) {
  std::vector<float> rows = Rows(20, 1);
  for (size_t i = 0; i < rows.size(); i += GetParam()) rows[i] = 1e12f;
  std::vector<double> state = State(1);
  state.back() = 1e12;
  EXPECT_LE(CheckBounds(rows, state), 1);
}

INSTANTIATE_TEST_SUITE_P(Dimensions, FloatScreenTest, ::testing::Values(1, 2, 3, 17, 256, 1000, 65'536));

}  // namespace
}  // namespace engram
