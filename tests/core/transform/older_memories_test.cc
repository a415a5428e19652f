// The maps of memories older than softmax, whose weights are not confined: each score has its own weight.

#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/transform/exponential.h"
#include "core/transform/identity.h"
#include "core/transform/polynomial.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/golden/golden_file.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kEpsilon = DBL_EPSILON;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint64_t kSeed = 1982;

// Calls check(map, name) with each map, over its parameters.
template <typename Check>
void ForEachMap(const Check& check) {
  check(Identity(), "identity");
  for (const int degree : {1, 3, 5, 11}) {
    check(*Polynomial::Make(degree, false), "polynomial " + std::to_string(degree));
  }
  for (const int degree : {1, 2, 3, 10}) {
    check(*Polynomial::Make(degree, true), "rectified polynomial " + std::to_string(degree));
  }
  check(Exponential(), "exponential");
}

template <typename Map>
std::vector<double> WeightsOf(const Map& map, const std::vector<double>& scores) {
  std::vector<double> weights(scores.size(), -1);
  map.Project(scores, absl::MakeSpan(weights));
  return weights;
}

template <typename Map>
double ConjugateOf(const Map& map, const std::vector<double>& scores) {
  return map.Conjugate(scores, WeightsOf(map, scores));
}

std::vector<double> RandomScores(size_t size, std::mt19937_64* random) {
  std::normal_distribution<double> gaussian(0, 1.5);
  std::vector<double> scores(size);
  for (double& score : scores) score = gaussian(*random);
  return scores;
}

// Omega(p) + Omega*(theta) - <p, theta>, and how far rounding can take it from its value.
template <typename Map>
std::pair<double, double> LossAndTolerance(const Map& map, const std::vector<double>& scores,
                                           const std::vector<double>& weights) {
  const double conjugate = ConjugateOf(map, scores);
  const double negentropy = map.Negentropy(weights);
  double loss = conjugate + negentropy;
  double magnitude = std::abs(conjugate) + std::abs(negentropy);
  for (size_t i = 0; i < scores.size(); ++i) {
    loss -= scores[i] * weights[i];
    magnitude += std::abs(scores[i] * weights[i]);
  }
  return {loss, 4 * static_cast<double>(scores.size() + 1) * kEpsilon * magnitude};
}

TEST(OlderMemoriesTest, WeightsAreNotConfinedAndNoPatternCanBeLeftOut) {
  ForEachMap([](const auto& map, const std::string& name) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(map.kIsConfined);
    EXPECT_FALSE(map.kIsOrdered);
    EXPECT_TRUE(map.ValidateFor(1).ok());
    EXPECT_EQ(map.WindowFor(7).rank, 1);
    EXPECT_EQ(map.WindowFor(7).width, kInfinity);
    EXPECT_EQ(map.CutFrom({3, 2, 1}, 7), -kInfinity);
    EXPECT_EQ(map.total_weight(), 0);
    EXPECT_EQ(map.margin(), kInfinity);
  });
}

TEST(OlderMemoriesTest, EachScoreHasItsOwnWeight) {
  const std::vector<double> scores = {2, -3, 0, 0.5};
  EXPECT_THAT(WeightsOf(Identity(), scores), ElementsAre(2, -3, 0, 0.5));
  EXPECT_THAT(WeightsOf(*Polynomial::Make(3, false), scores), ElementsAre(8, -27, 0, 0.125));
  EXPECT_THAT(WeightsOf(*Polynomial::Make(2, true), scores), ElementsAre(4, 0, 0, 0.25));
  EXPECT_THAT(WeightsOf(Exponential(), {0, 1, -kInfinity}), ElementsAre(1, std::exp(1.0), 0));
}

TEST(OlderMemoriesTest, PolynomialOfDegree1IsTheIdentity) {
  std::mt19937_64 random(kSeed);
  const Polynomial linear = *Polynomial::Make(1, false);
  for (const size_t size : {1, 3, 50}) {
    const std::vector<double> scores = RandomScores(size, &random);
    const std::vector<double> weights = WeightsOf(linear, scores);
    EXPECT_EQ(weights, scores);
    EXPECT_EQ(linear.Conjugate(scores, weights), Identity().Conjugate(scores, weights));
    EXPECT_DOUBLE_EQ(linear.Negentropy(weights), Identity().Negentropy(weights));
  }
}

TEST(OlderMemoriesTest, FenchelYoungLossIsNeverNegativeAndZeroAtThePrediction) {
  std::mt19937_64 random(kSeed);
  ForEachMap([&](const auto& map, const std::string& name) {
    SCOPED_TRACE(::testing::Message() << name << ", seed " << kSeed);
    for (const size_t size : {1, 2, 10, 5000}) {
      const std::vector<double> scores = RandomScores(size, &random);
      const auto [loss, tolerance] = LossAndTolerance(map, scores, WeightsOf(map, scores));
      EXPECT_NEAR(loss, 0, tolerance) << size;
      for (int round = 0; round < 5; ++round) {
        const std::vector<double> other = WeightsOf(map, RandomScores(size, &random));
        const auto [other_loss, slack] = LossAndTolerance(map, scores, other);
        EXPECT_GE(other_loss, -slack) << size;
      }
    }
  });
}

TEST(OlderMemoriesTest, WeightsAreTheGradientOfTheConjugate) {
  std::mt19937_64 random(kSeed);
  constexpr double kStep = 1e-5;
  ForEachMap([&](const auto& map, const std::string& name) {
    SCOPED_TRACE(::testing::Message() << name << ", seed " << kSeed);
    for (const double score : RandomScores(30, &random)) {
      const double weight = WeightsOf(map, {score})[0];
      const double slope =
          (ConjugateOf(map, {score + kStep}) - ConjugateOf(map, {score - kStep})) / (2 * kStep);
      // The third derivative is at most n^2 theta^(n - 2); here n <= 11.
      EXPECT_NEAR(slope, weight, 1e-7 * (1 + std::abs(weight))) << score;
    }
  });
}

TEST(OlderMemoriesTest, JacobianProductIsTheDerivative) {
  std::mt19937_64 random(kSeed);
  constexpr double kStep = 1e-6;
  ForEachMap([&](const auto& map, const std::string& name) {
    SCOPED_TRACE(::testing::Message() << name << ", seed " << kSeed);
    const std::vector<double> scores = RandomScores(30, &random);
    const std::vector<double> v = RandomScores(30, &random);
    std::vector<double> ahead = scores;
    std::vector<double> behind = scores;
    for (size_t i = 0; i < v.size(); ++i) {
      ahead[i] += kStep * v[i];
      behind[i] -= kStep * v[i];
    }
    const std::vector<double> high = WeightsOf(map, ahead);
    const std::vector<double> low = WeightsOf(map, behind);
    std::vector<double> product(v.size(), -1);
    map.JacobianProduct(scores, WeightsOf(map, scores), v, absl::MakeSpan(product));
    for (size_t i = 0; i < v.size(); ++i) {
      EXPECT_NEAR(product[i], (high[i] - low[i]) / (2 * kStep), 1e-8 * (1 + std::abs(product[i]))) << i;
    }
    std::vector<double> in_place = v;
    map.JacobianProduct(scores, WeightsOf(map, scores), in_place, absl::MakeSpan(in_place));
    EXPECT_EQ(in_place, product);
  });
}

TEST(OlderMemoriesTest, ARectifiedScoreOf0HasSlope0) {
  std::vector<double> product(2, -1);
  Polynomial::Make(1, true)->JacobianProduct({0, -1}, {0, 0}, {5, 5}, absl::MakeSpan(product));
  EXPECT_THAT(product, ElementsAre(0, 0));
}

TEST(OlderMemoriesTest, UniformNegentropyIsTheLeastNegentropy) {
  std::mt19937_64 random(kSeed);
  ForEachMap([&](const auto& map, const std::string& name) {
    SCOPED_TRACE(::testing::Message() << name << ", seed " << kSeed);
    for (const int64_t size : {1, 3, 1000}) {
      const std::vector<double> uniform(size, map.uniform_weight());
      EXPECT_EQ(map.UniformNegentropy(size), map.Negentropy(uniform));
      for (int round = 0; round < 10; ++round) {
        std::vector<double> other = uniform;
        for (double& weight : other) weight += std::abs(RandomScores(1, &random)[0]) / (1 + round);
        EXPECT_GT(map.Negentropy(other), map.UniformNegentropy(size));
      }
    }
  });
}

TEST(OlderMemoriesTest, NegentropyIsInfiniteOutsideItsDomain) {
  EXPECT_EQ(Exponential().Negentropy({1, -1e-300}), kInfinity);
  EXPECT_EQ(Exponential().Negentropy({1, 0}), -1);
  EXPECT_EQ(Polynomial::Make(3, true)->Negentropy({1, -1e-300}), kInfinity);
  EXPECT_EQ(Polynomial::Make(3, true)->Negentropy({1, 0}), 0.75);
  EXPECT_EQ(Polynomial::Make(3, false)->Negentropy({1, -1}), 1.5);
}

TEST(OlderMemoriesTest, LargeScoresOverflowToInfinityAndNotToNaN) {
  EXPECT_THAT(WeightsOf(Exponential(), {710, -800}), ElementsAre(kInfinity, 0));
  EXPECT_EQ(ConjugateOf(Exponential(), {710, -800}), kInfinity);
  EXPECT_EQ(Exponential().Negentropy({kInfinity, 0}), kInfinity);
  EXPECT_THAT(WeightsOf(*Polynomial::Make(5, false), {1e70, -1e70, 0}),
              ElementsAre(kInfinity, -kInfinity, 0));
  EXPECT_EQ(ConjugateOf(*Polynomial::Make(5, false), {1e70, -1e70, 0}), kInfinity);
  EXPECT_EQ(ConjugateOf(Identity(), {1e200, 1}), kInfinity);
}

TEST(OlderMemoriesTest, MakeRejectsWhatIsNoDegree) {
  for (const bool rectified : {false, true}) {
    for (const int degree : {0, -3, 1001, std::numeric_limits<int>::min()}) {
      const absl::Status status = Polynomial::Make(degree, rectified).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << degree;
      EXPECT_EQ(FindErrorDetails(status)->field, "degree");
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("got " + std::to_string(degree) + ", allowed 1 to 1000"));
    }
  }
  EXPECT_EQ(Polynomial::Make(999, false)->degree(), 999);
  EXPECT_EQ(Polynomial::Make(1000, true)->degree(), 1000);
  EXPECT_TRUE(Polynomial::Make(1000, true)->rectified());
}

// The reference's t^10 falls where t < 0: no convex function has that gradient.
TEST(OlderMemoriesTest, AnEvenDegreeIsRefusedUnlessRectified) {
  const absl::Status status = Polynomial::Make(10, false).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindErrorDetails(status)->field, "degree");
  EXPECT_THAT(std::string(status.message()), HasSubstr("not the gradient of a convex function"));
  EXPECT_TRUE(Polynomial::Make(10, true).ok());
}

TEST(OlderMemoriesTest, GoldenMapsAgree) {
  const GoldenFile file("post_transforms.json");
  ASSERT_EQ(file.cases().size(), 5u);
  int exponentials = 0;
  for (const nlohmann::json& golden : file.cases()) {
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const std::vector<double> scores = GoldenFile::Vector(golden.at("q"));
    const nlohmann::json& out = golden.at("out");
    const auto expect = [&](const std::vector<double>& found, const std::string& name) {
      const std::vector<double> expected = GoldenFile::Vector(out.at(name));
      ASSERT_EQ(found.size(), expected.size());
      // The reference multiplies where this raises: a few units in the last place.
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], 4 * kEpsilon * std::abs(expected[i])) << name << " " << i;
      }
    };
    expect(WeightsOf(*Polynomial::Make(5, false), scores), "poly5");
    // The even power is refused; its rectified kin has the same values where scores are positive.
    const std::vector<double> rectified = WeightsOf(*Polynomial::Make(10, true), scores);
    const std::vector<double> even = GoldenFile::Vector(out.at("poly10"));
    for (size_t i = 0; i < scores.size(); ++i) {
      EXPECT_NEAR(rectified[i], scores[i] > 0 ? even[i] : 0, 4 * kEpsilon * even[i]) << i;
    }
    if (!out.contains("exp_inner_beta0.05")) continue;  // Overflows.
    ++exponentials;
    std::vector<double> inner = scores;
    for (double& score : inner) score *= 0.05;
    expect(WeightsOf(Exponential(), inner), "exp_inner_beta0.05");
  }
  EXPECT_EQ(exponentials, 4);
}

}  // namespace
}  // namespace engram
