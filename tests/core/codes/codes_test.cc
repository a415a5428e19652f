// The bound of screening codes: attempts to break it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/canonical.h"
#include "core/codes/row_code.h"
#include "core/codes/scaled_state.h"
#include "core/codes/state_codes.h"

namespace engram {
namespace {

// Rows [n, D] as a segment keeps them: tiles of codes and numbers for each row.
struct CodedRows {
  CodedRows(const std::vector<float>& rows, int64_t dim)
      : dim(dim), tiles(rows.size() / dim / kTileRows + 1) {
    codes.resize(tiles * TileBytes(dim));
    for (size_t i = 0; i < rows.size() / dim; ++i) {
      const absl::Span<const float> row = absl::MakeConstSpan(rows).subspan(i * dim, dim);
      of_row.push_back(EncodeRow(row, i % kTileRows, codes.data() + i / kTileRows * TileBytes(dim)));
      double square = 0;
      for (const float x : row) square += static_cast<double>(x) * x;
      norms.push_back(RoundUp(std::sqrt(square)));
    }
  }
  int CodeAt(int64_t i, int64_t j) const {
    const int64_t unit = i / kTileRows * TileBytes(dim) + j / kUnitColumns * kUnitBytes;
    return codes[unit + i % kTileRows * kUnitColumns + j % kUnitColumns] - kCodeOffset;
  }

  int64_t dim;
  int64_t tiles;
  std::vector<uint8_t> codes;
  std::vector<RowCode> of_row;
  std::vector<float> norms;
};

// Asserts that the bounds of every row hold its canonical score, and returns the largest ratio of error to
// bound.
double CheckBounds(const std::vector<float>& rows, const std::vector<double>& state, int plane_count) {
  const auto dim = static_cast<int64_t>(state.size());
  const CodedRows coded(rows, dim);
  const absl::Span<const double> span = state;
  const StateCodes codes({&span, 1}, dim, plane_count);
  double worst = 0;
  for (size_t i = 0; i < coded.of_row.size(); ++i) {
    int32_t products[2] = {0, 0};
    for (int p = 0; p < plane_count; ++p) {
      for (int64_t j = 0; j < dim; ++j) {
        products[p] += coded.CodeAt(i, j) * codes.planes()[p * UnitCount(dim) * kUnitColumns + j];
      }
    }
    float product = static_cast<float>(products[0]);
    if (plane_count == 2) product += static_cast<float>(products[1]) * (1.0F / 254);
    const float estimate = product * codes.scales()[0] * coded.of_row[i].scale;
    const EstimateError& error = codes.error(0);
    const float margin =
        coded.of_row[i].residual * error.per_residual + coded.norms[i] * error.per_norm + error.constant;
    const double exact = std::ldexp(
        PortableCanonicalArithmetic().dot(rows.data() + i * dim, state.data(), dim), -codes.exponent(0));
    EXPECT_TRUE(std::isfinite(estimate) && std::isfinite(margin));
    EXPECT_LE(estimate - margin, exact) << "row " << i;
    EXPECT_GE(estimate + margin, exact) << "row " << i;
    worst = std::max(worst, std::abs(exact - estimate) / margin);
  }
  return worst;
}

class CodesAtDimensionTest : public ::testing::TestWithParam<int64_t> {
 protected:
  std::vector<float> Rows(int64_t count, double scale) {
    std::vector<float> rows(count * GetParam());
    for (float& x : rows) x = static_cast<float>(scale * normal_(random_));
    return rows;
  }
  std::vector<double> State(double scale) {
    std::vector<double> state(GetParam());
    for (double& q : state) q = scale * normal_(random_);
    return state;
  }
  double Check(const std::vector<float>& rows, const std::vector<double>& state) {
    return std::max(CheckBounds(rows, state, 1), CheckBounds(rows, state, 2));
  }

  std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
  std::normal_distribution<double> normal_;
};

TEST_P(CodesAtDimensionTest, CodesAndScaleGiveTheRowBackButForTheResidual) {
  const std::vector<float> rows = Rows(20, 3);
  const CodedRows coded(rows, GetParam());
  for (size_t i = 0; i < coded.of_row.size(); ++i) {
    long double square = 0;
    for (int64_t j = 0; j < GetParam(); ++j) {
      const long double rest = static_cast<long double>(rows[i * GetParam() + j]) -
                               static_cast<long double>(coded.of_row[i].scale) * coded.CodeAt(i, j);
      EXPECT_LE(std::abs(rest), 0.501L * coded.of_row[i].scale);
      square += rest * rest;
    }
    EXPECT_LE(std::sqrt(square), coded.of_row[i].residual);
    EXPECT_GE(std::sqrt(square) * (1 + 1e-6L) + 2 * kLeastNormBound, coded.of_row[i].residual);
  }
}

TEST_P(CodesAtDimensionTest, ColumnsBeyondTheDimensionAreZero) {
  const CodedRows coded(Rows(1, 1), GetParam());
  for (int64_t j = GetParam(); j < UnitCount(GetParam()) * kUnitColumns; ++j) {
    EXPECT_EQ(coded.CodeAt(0, j), -kCodeOffset);
  }
}

TEST_P(CodesAtDimensionTest, BoundsHoldAtEveryScale) {
  for (const double row_scale : {0.0, 1e-44, 1e-38, 1e-33, 1e-30, 1e-20, 1.0, 1e20, 1e29}) {
    for (const double state_scale : {0.0, 1e-270, 1e-160, 1e-44, 1e-20, 1.0, 1e20, 1e38}) {
      SCOPED_TRACE(std::to_string(row_scale) + " x " + std::to_string(state_scale));
      EXPECT_LE(Check(Rows(4, row_scale), State(state_scale)), 1);
    }
  }
}

TEST_P(CodesAtDimensionTest, BoundsHoldForRowsThatMaximiseTheError) {
  // Every component halfway between two codes, the rests of one sign with the state: Cauchy-Schwarz is tight.
  std::vector<float> row(GetParam(), 0.5F);
  row[0] = 127;
  for (size_t j = 1; j < row.size(); ++j) row[j] = static_cast<float>(random_() % 127) + 0.4999F;
  std::vector<double> state(GetParam(), 1.0);
  state[0] = 1e-9;
  EXPECT_LE(Check(row, state), 1);
  // And states whose own rests are along the row.
  for (size_t j = 1; j < state.size(); ++j) state[j] = row[j] / 127 + 0.5 / 127;
  state[0] = 1;
  EXPECT_LE(Check(row, state), 1);
}

TEST_P(CodesAtDimensionTest, BoundsHoldForOutlierColumnsAndLoneComponents) {
  std::vector<float> rows = Rows(20, 1);
  for (size_t i = 0; i < rows.size(); i += GetParam()) rows[i] = 1e12F;
  std::vector<double> state = State(1);
  EXPECT_LE(Check(rows, state), 1);
  state.back() = 1e12;
  EXPECT_LE(Check(rows, state), 1);
  std::vector<double> lone(GetParam(), 0.0);
  lone.back() = -3;
  EXPECT_LE(Check(rows, lone), 1);
}

TEST_P(CodesAtDimensionTest, BoundsHoldUnderCancellation) {
  std::vector<double> state(GetParam());
  for (size_t j = 0; j < state.size(); ++j) {
    state[j] = (j % 2 == 0 ? 1 : -1) * (1 + 1e-9 * static_cast<double>(j));
  }
  EXPECT_LE(Check(std::vector<float>(GetParam(), 3.14159F), state), 1);
}

TEST_P(CodesAtDimensionTest, SumsOfExtremeCodesFitInto32Bits) {
  const std::vector<float> row(GetParam(), 1e30F);
  EXPECT_LE(Check(row, std::vector<double>(GetParam(), -1e38)), 1);
}

INSTANTIATE_TEST_SUITE_P(Dimensions, CodesAtDimensionTest,
                         ::testing::Values(1, 2, 3, 4, 17, 64, 256, 1000, 65'536));

TEST(CodesTest, TheBoundIsNearlyReached) {
  // A bound that is never nearly reached is too loose. A row that is all rest: one large component that the
  // state does not look at, all others half a code.
  std::vector<float> row(256, 0.4999F);
  row[0] = 127;
  std::vector<double> state(256, 1.0);
  state[0] = 0;
  EXPECT_GT(CheckBounds(row, state, 2), 0.99);
}

TEST(CodesTest, ResidualsWhoseSquaresUnderflowCount) {
  for (const float rest : {1e-45F, 1e-40F, 1e-30F, 1e-20F}) {
    for (const float largest : {127.0F, 127e25F}) {
      const std::vector<float> row = {largest, rest};
      const CodedRows coded(row, 2);
      EXPECT_EQ(coded.CodeAt(0, 1), 0);
      EXPECT_GE(coded.of_row[0].residual, rest) << largest;
    }
  }
}

TEST(CodesTest, RowsOfWholeCodesHaveNoResidual) {
  const std::vector<float> row = {127, -3, 0, 90, 1};
  EXPECT_EQ(CodedRows(row, 5).of_row[0].residual, 0);
}

TEST(RoundUpTest, IsNeverLessAndHardlyMore) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-30, 30);
  for (int i = 0; i < 10'000; ++i) {
    const double bound = std::pow(10, exponent(random));
    EXPECT_GE(RoundUp(bound), bound);
    EXPECT_LE(RoundUp(bound), std::max<double>(bound * (1 + 1e-6), kLeastNormBound));
  }
  EXPECT_EQ(RoundUp(0), 0);
  EXPECT_EQ(RoundUp(1e-45), kLeastNormBound);
}

TEST(ScaledStateTest, HasANormOfOrderOneWhateverTheState) {
  for (const double scale : {4.9e-324, 1e-310, 1e-160, 1.0, 1e160, 1e300}) {
    const std::vector<double> state(100, scale);
    const ScaledState scaled(state);
    EXPECT_GE(scaled.norm, 0.5) << scale;
    EXPECT_LT(scaled.norm, 1) << scale;
    EXPECT_EQ(std::ldexp(scaled.components[7], scaled.exponent), scale);
  }
  EXPECT_EQ(ScaledState(std::vector<double>(3, 0.0)).norm, 0);
}

}  // namespace
}  // namespace engram
