#include "core/sweep/cpu/screen_kernels.h"

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 2024;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kTileCounts[] = {1, 2, 3, 4, 5, 7, 8, 9};
constexpr int64_t kStateCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 20, 64};

std::vector<ScreenKernels> Supported() {
  std::vector<ScreenKernels> supported;
  for (const ScreenKernels& kernels : AllScreenKernels()) {
    if (kernels.supported()) supported.push_back(kernels);
  }
  return supported;
}

// Arrays of exactly their size, so that a sanitizer sees any access beyond it.
template <typename T>
struct Exact {
  explicit Exact(int64_t count) : data(new T[count]()), size(count) {}
  T& operator[](int64_t i) { return data[i]; }
  const T& operator[](int64_t i) const { return data[i]; }
  std::unique_ptr<T[]> data;
  int64_t size;
};

// How codes and planes are drawn.
enum class Draw { kRandom, kLargest, kSmallest, kAlternating };

int DrawCode(Draw draw, int64_t i, std::mt19937_64* random) {
  switch (draw) {
    case Draw::kLargest:
      return 127;
    case Draw::kSmallest:
      return -127;
    case Draw::kAlternating:
      return i % 2 == 0 ? 127 : -127;
    case Draw::kRandom:
      break;
  }
  return static_cast<int>((*random)() % 255) - 127;
}

struct EstimateCase {
  int64_t tiles;
  int64_t dim;
  int64_t states;
  int planes;
  Draw codes = Draw::kRandom;
  Draw queries = Draw::kRandom;
  bool unit_scales = false;
};

class EstimateData {
 public:
  explicit EstimateData(const EstimateCase& c)
      : c_(c),
        units_((c.dim + 3) / 4),
        codes_(c.tiles * units_ * 64),
        scales_(c.tiles * 16),
        planes_(c.states * c.planes * units_ * 4),
        sums_(c.states * c.planes),
        state_scales_(c.states) {
    std::uniform_real_distribution<float> scale(1e-3F, 3.0F);
    for (int64_t i = 0; i < codes_.size; ++i) codes_[i] = 128;
    for (int64_t row = 0; row < c.tiles * 16; ++row) {
      scales_[row] = c.unit_scales ? 1 : scale(random_);
      for (int64_t j = 0; j < c.dim; ++j) {
        codes_[CodeIndex(row, j)] = static_cast<uint8_t>(DrawCode(c.codes, j, &random_) + 128);
      }
    }
    for (int64_t column = 0; column < sums_.size; ++column) {
      for (int64_t j = 0; j < c.dim; ++j) {
        const int value = DrawCode(c.queries, j, &random_);
        planes_[column * units_ * 4 + j] = static_cast<int8_t>(value);
        sums_[column] += value;
      }
    }
    for (int64_t b = 0; b < c.states; ++b) state_scales_[b] = c.unit_scales ? 1 : scale(random_);
  }

  Exact<float> Run(const ScreenKernels& kernels) const {
    Exact<float> estimates(c_.states * c_.tiles * 16);
    const CodeTiles rows = {codes_.data.get(), scales_.data.get(), c_.tiles, units_};
    const StatePlanes states = {planes_.data.get(), sums_.data.get(), state_scales_.data.get(), c_.states,
                                c_.planes};
    kernels.estimate(rows, states, estimates.data.get());
    return estimates;
  }

  int64_t Product(int64_t row, int64_t column) const {
    int64_t sum = 0;
    for (int64_t j = 0; j < c_.dim; ++j) {
      sum += (int64_t{codes_[CodeIndex(row, j)]} - 128) * planes_[column * units_ * 4 + j];
    }
    return sum;
  }

  // Expects what `kernels` make of each state and row to be within rounding of its definition; with unit
  // scales and one plane, to be the integer itself.
  void Check(const ScreenKernels& kernels) const {
    const Exact<float> estimates = Run(kernels);
    for (int64_t b = 0; b < c_.states; ++b) {
      for (int64_t row = 0; row < c_.tiles * 16; ++row) {
        const auto first = static_cast<double>(Product(row, b * c_.planes));
        const double second = c_.planes == 2 ? static_cast<double>(Product(row, b * 2 + 1)) / 254 : 0;
        const double scale = double{scales_[row]} * state_scales_[b];
        const double got = estimates[b * c_.tiles * 16 + row];
        if (c_.unit_scales && c_.planes == 1) {
          ASSERT_EQ(got, static_cast<double>(static_cast<float>(first))) << "state " << b << " row " << row;
        } else {
          // Conversions, division, sum and two products: 7 roundings of 2^-24 each.
          const double bound = scale * (std::abs(first) + std::abs(second)) * 7 * 0x1p-24;
          ASSERT_NEAR(got, scale * (first + second), bound) << "state " << b << " row " << row;
        }
      }
    }
  }

 private:
  int64_t CodeIndex(int64_t row, int64_t j) const {
    return (row / 16 * units_ + j / 4) * 64 + row % 16 * 4 + j % 4;
  }

  EstimateCase c_;
  int64_t units_;
  std::mt19937_64 random_{kSeed};
  Exact<uint8_t> codes_;
  Exact<float> scales_;
  Exact<int8_t> planes_;
  Exact<int32_t> sums_;
  Exact<float> state_scales_;
};

class ScreenKernelsTest : public ::testing::TestWithParam<ScreenKernels> {
 protected:
  void CheckEstimate(const EstimateCase& c) const {
    SCOPED_TRACE(::testing::Message() << "tiles " << c.tiles << " dim " << c.dim << " states " << c.states
                                      << " planes " << c.planes << " seed " << kSeed);
    EstimateData(c).Check(GetParam());
  }
};

TEST_P(ScreenKernelsTest, EstimatesOfOnePlaneAreTheIntegerProduct) {
  for (const int64_t dim : {1, 3, 4, 5, 63, 64, 65, 768}) {
    CheckEstimate({3, dim, 7, 1, Draw::kRandom, Draw::kRandom, true});
  }
}

TEST_P(ScreenKernelsTest, EstimatesAreWithinRoundingOfTheirDefinition) {
  for (const int64_t dim : {1, 3, 4, 5, 63, 64, 65, 768}) {
    for (const int planes : {1, 2}) CheckEstimate({5, dim, 5, planes});
  }
}

TEST_P(ScreenKernelsTest, EstimatesOfAnyCountOfTilesAndStates) {
  for (const int64_t tiles : kTileCounts) {
    for (const int64_t states : kStateCounts) {
      for (const int planes : {1, 2}) CheckEstimate({tiles, 21, states, planes});
    }
  }
}

TEST_P(ScreenKernelsTest, EstimatesOfExtremeCodesDoNotOverflow) {
  constexpr Draw kExtremes[] = {Draw::kLargest, Draw::kSmallest, Draw::kAlternating};
  for (const Draw codes : kExtremes) {
    for (const Draw queries : kExtremes) {
      CheckEstimate({1, 65'536, 1, 1, codes, queries, true});
      CheckEstimate({4, 768, 3, 2, codes, queries});
    }
  }
}

TEST_P(ScreenKernelsTest, EstimatesOfTheLargestDimension) { CheckEstimate({5, 65'536, 4, 2}); }

// A state's estimates have the same bits whatever its batch mates and its rows' neighbours.
TEST_P(ScreenKernelsTest, EstimatesOfOneStateAreThoseOfItInABatch) {
  for (const int planes : {1, 2}) {
    const Exact<float> batch =
        EstimateData({9, 100, 11, planes, Draw::kRandom, Draw::kRandom, true}).Run(GetParam());
    const Exact<float> alone =
        EstimateData({9, 100, 1, planes, Draw::kRandom, Draw::kRandom, true}).Run(GetParam());
    for (int64_t i = 0; i < alone.size; ++i) ASSERT_EQ(batch[i], alone[i]) << planes << " planes, row " << i;
  }
}

class ScoreData {
 public:
  ScoreData(int64_t rows, int64_t dim, int64_t states)
      : rows_(rows), dim_(dim), states_(states), patterns_(rows * dim), queries_(states * dim) {
    std::normal_distribution<float> gaussian;
    for (int64_t i = 0; i < patterns_.size; ++i) patterns_[i] = gaussian(random_);
    for (int64_t i = 0; i < queries_.size; ++i) queries_[i] = gaussian(random_);
  }

  void Check(const ScreenKernels& kernels) const {
    SCOPED_TRACE(::testing::Message()
                 << "rows " << rows_ << " dim " << dim_ << " states " << states_ << " seed " << kSeed);
    // What was there before does not matter.
    Exact<float> scores(rows_ * states_);
    for (int64_t i = 0; i < scores.size; ++i) scores[i] = kInfinity;
    kernels.score(patterns_.data.get(), rows_, dim_, queries_.data.get(), states_, scores.data.get());
    for (int64_t b = 0; b < states_; ++b) {
      for (int64_t r = 0; r < rows_; ++r) {
        double exact = 0;
        double magnitude = 0;
        for (int64_t j = 0; j < dim_; ++j) {
          const double term = double{patterns_[r * dim_ + j]} * queries_[b * dim_ + j];
          exact += term;
          magnitude += std::abs(term);
        }
        // D products and sums in any order.
        const double bound = magnitude * static_cast<double>(dim_ + 1) * 0x1p-24;
        ASSERT_NEAR(scores[b * rows_ + r], exact, bound) << "state " << b << " row " << r;
      }
    }
  }

 private:
  int64_t rows_;
  int64_t dim_;
  int64_t states_;
  std::mt19937_64 random_{kSeed};
  Exact<float> patterns_;
  Exact<float> queries_;
};

TEST_P(ScreenKernelsTest, ScoresAreWithinRoundingOfTheSum) {
  for (const int64_t dim : {1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 768}) {
    for (const int64_t rows : {1, 3, 4, 5, 21}) ScoreData(rows, dim, 7).Check(GetParam());
  }
}

TEST_P(ScreenKernelsTest, ScoresOfAnyCountOfRowsAndStates) {
  for (int64_t rows = 1; rows <= 9; ++rows) {
    for (const int64_t states : kStateCounts) ScoreData(rows, 21, states).Check(GetParam());
  }
}

// More columns and rows than the caches take at once.
TEST_P(ScreenKernelsTest, ScoresOfLargeBlocks) {
  ScoreData(7, 65'536, 3).Check(GetParam());
  ScoreData(9, 2'049, 8).Check(GetParam());
  ScoreData(150, 1'031, 13).Check(GetParam());
}

class SummarizeData {
 public:
  SummarizeData(int64_t tiles, uint16_t mask, bool random_masks, bool residuals)
      : tiles_(tiles),
        residuals_(residuals ? tiles * 16 : 0),
        estimates_(tiles * 16),
        norms_(tiles * 16),
        visible_(tiles) {
    std::normal_distribution<float> gaussian;
    for (int64_t i = 0; i < tiles * 16; ++i) {
      estimates_[i] = gaussian(random_);
      norms_[i] = std::abs(gaussian(random_));
      if (residuals) residuals_[i] = std::abs(gaussian(random_));
    }
    for (int64_t t = 0; t < tiles; ++t) {
      visible_[t] = random_masks ? static_cast<uint16_t>(random_()) : mask;
    }
  }

  void Check(const ScreenKernels& kernels) const {
    SCOPED_TRACE(::testing::Message() << tiles_ << " tiles, first mask " << visible_[0]);
    const EstimateError error = {0.25F, 0.01F, 1e-3F};
    Exact<float> uppers(tiles_);
    kernels.summarize(estimates_.data.get(), residuals_.size == 0 ? nullptr : residuals_.data.get(),
                      norms_.data.get(), error, visible_.data.get(), tiles_, uppers.data.get());
    for (int64_t t = 0; t < tiles_; ++t) {
      double upper = -kInfinity;
      double bound = 0;
      for (int64_t i = t * 16; i < t * 16 + 16; ++i) {
        if ((visible_[t] >> (i - t * 16) & 1) == 0) continue;
        const double residual = residuals_.size == 0 ? 0 : residuals_[i];
        const double width =
            residual * error.per_residual + double{norms_[i]} * error.per_norm + error.constant;
        upper = std::max(upper, estimates_[i] + width);
        bound = std::max(bound, (std::abs(estimates_[i]) + width) * 5 * 0x1p-24);
      }
      if (visible_[t] == 0) {
        ASSERT_EQ(uppers[t], -kInfinity) << "tile " << t;
      } else {
        ASSERT_NEAR(uppers[t], upper, bound) << "tile " << t;
      }
    }
  }

 private:
  int64_t tiles_;
  std::mt19937_64 random_{kSeed};
  Exact<float> residuals_;
  Exact<float> estimates_;
  Exact<float> norms_;
  Exact<uint16_t> visible_;
};

TEST_P(ScreenKernelsTest, SummariesAreTheLargestBoundsOfTheVisibleRows) {
  for (const int64_t tiles : kTileCounts) {
    for (const bool residuals : {false, true}) {
      SummarizeData(tiles, 0, true, residuals).Check(GetParam());
      SummarizeData(tiles, 0xffff, false, residuals).Check(GetParam());
      SummarizeData(tiles, 0, false, residuals).Check(GetParam());
    }
  }
}

TEST_P(ScreenKernelsTest, SummariesSeeEachRowAlone) {
  for (int row = 0; row < 16; ++row) {
    SummarizeData(5, static_cast<uint16_t>(1 << row), false, true).Check(GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Supported, ScreenKernelsTest, ::testing::ValuesIn(Supported()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ScreenKernelListTest, PortableIsLastAndTheBestIsTheFirstSupported) {
  EXPECT_STREQ(AllScreenKernels().back().name, "portable");
  EXPECT_TRUE(AllScreenKernels().back().supported());
  ASSERT_FALSE(Supported().empty());
  EXPECT_STREQ(BestScreenKernels().name, Supported().front().name);
}

TEST(ScreenKernelListTest, ListsEveryInstructionSetOfThisBuild) {
  std::vector<std::string> names;
  for (const ScreenKernels& kernels : AllScreenKernels()) names.emplace_back(kernels.name);
#if defined(__x86_64__)
  EXPECT_THAT(names, ::testing::ElementsAre("avx512vnni", "avxvnni", "avx2", "portable"));
#elif defined(__aarch64__)
  EXPECT_THAT(names, ::testing::ElementsAre("neon", "portable"));
#else
  EXPECT_THAT(names, ::testing::ElementsAre("portable"));
#endif
}

TEST(FindScreenKernelsTest, FindsWhatThisProcessorSupportsByName) {
  for (const ScreenKernels& kernels : AllScreenKernels()) {
    const absl::StatusOr<const ScreenKernels*> found = FindScreenKernels(kernels.name);
    EXPECT_EQ(found.ok(), kernels.supported()) << kernels.name;
    if (found.ok()) {
      EXPECT_EQ(*found, &kernels);
    }
  }
  EXPECT_EQ(*FindScreenKernels("auto"), &BestScreenKernels());
}

TEST(FindScreenKernelsTest, ErrorsNameWhatThisProcessorSupports) {
  for (const char* name : {"sse2", "", "AVX2"}) {
    const absl::Status status = FindScreenKernels(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    for (const std::string& supported : SupportedScreenKernels()) {
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr(supported));
    }
  }
}

TEST(FindScreenKernelsTest, TheFirstThatIsSupportedIsTheBest) {
  EXPECT_EQ(SupportedScreenKernels().front(), BestScreenKernels().name);
  EXPECT_EQ(SupportedScreenKernels().back(), "portable");
}

}  // namespace
}  // namespace engram
