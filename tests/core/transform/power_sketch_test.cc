#include "core/transform/power_sketch.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/transform/score_cases.h"

namespace engram {
namespace {

double Sum(const std::vector<double>& scores, int64_t size, double origin, double exponent) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += std::pow(scores[i] - origin, exponent);
  return sum;
}

TEST(PowerSketchTest, TheSumLiesBetweenItsBounds) {
  for (const ScoreCase& scores : ScoreCases({1, 2, 50, 3000})) {
    for (const double exponent : {0.2, 0.5, 1.0, 1.5, 4.0, 9.3}) {
      const Power power(exponent);
      PowerSketch sketch(scores.scores, 4);
      for (size_t j = 1; j < scores.scores.size(); j += 1 + j / 3) {
        SCOPED_TRACE(::testing::Message() << scores.name << " exponent " << exponent << " size " << j);
        const double sum = Sum(scores.scores, static_cast<int64_t>(j), scores.scores[j], exponent);
        const PowerSketch::Bounds bounds =
            sketch.SumAbove(static_cast<int64_t>(j), scores.scores[j], 1, power);
        if (std::isinf(sum)) continue;
        EXPECT_LE(bounds.low, sum * (1 + 1e-10));
        EXPECT_GE(bounds.high, sum * (1 - 1e-10));
      }
    }
  }
}

TEST(PowerSketchTest, SharperSketchesHaveNarrowerBounds) {
  std::vector<double> scores(100'000);
  for (size_t i = 0; i < scores.size(); ++i) scores[i] = -std::sqrt(static_cast<double>(i));
  for (const double exponent : {0.5, 1.5, 4.0}) {
    const Power power(exponent);
    double last = 0.1;
    for (const int64_t sharpness : {16, 128, 1024}) {
      PowerSketch sketch(scores, sharpness);
      const PowerSketch::Bounds bounds = sketch.SumAbove(99'999, scores.back(), 1, power);
      const double width = (bounds.high - bounds.low) / bounds.high;
      EXPECT_LT(width, last / 4) << exponent << " " << sharpness;
      last = width;
    }
  }
}

TEST(PowerSketchTest, EqualScoresLeaveNoDoubt) {
  const std::vector<double> scores(5000, 0.25);
  PowerSketch sketch(scores, 16);
  const PowerSketch::Bounds bounds = sketch.SumAbove(4000, 0, 2, Power(2));
  EXPECT_DOUBLE_EQ(bounds.low, 1000);
  EXPECT_DOUBLE_EQ(bounds.high, 1000);
}

// A larger prefix first: the blocks beyond the smaller one must not count.
TEST(PowerSketchTest, PrefixesMayBeAskedForInAnyOrder) {
  std::vector<double> scores(3000);
  for (size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<double>(i);
  PowerSketch used(scores, 8);
  used.SumAbove(2999, scores[2999], 1, Power(1.5));
  for (const int64_t size : {1, 7, 100, 2000}) {
    PowerSketch fresh(scores, 8);
    const PowerSketch::Bounds expected = fresh.SumAbove(size, scores[size], 1, Power(1.5));
    const PowerSketch::Bounds actual = used.SumAbove(size, scores[size], 1, Power(1.5));
    EXPECT_EQ(actual.low, expected.low) << size;
    EXPECT_EQ(actual.high, expected.high) << size;
  }
}

}  // namespace
}  // namespace engram
