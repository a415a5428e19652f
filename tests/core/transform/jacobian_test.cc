// product = J v of the transformations whose weights do not depend on the order of the patterns.

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/transform/entmax.h"
#include "core/transform/k_subsets.h"
#include "core/transform/normmax.h"
#include "core/transform/softmax.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr uint64_t kSeed = 31;
constexpr double kAlphas[] = {1.25, 1.5, 1.75, 2, 3};
constexpr double kGammas[] = {1.5, 2, 3, 5};
constexpr int64_t kSizes[] = {1, 2, 4, 8};

template <typename Check>
void ForEachTransformation(const Check& check) {
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  check("softmax", Softmax());
  for (const double alpha : kAlphas) check(absl::StrCat("entmax ", alpha), *Entmax::Make(alpha));
  for (const double gamma : kGammas) check(absl::StrCat("normmax ", gamma), *Normmax::Make(gamma));
  for (const int64_t k : kSizes) check(absl::StrCat("k_subsets ", k), *KSubsets::Make(k));
}

std::vector<double> Gaussian(size_t size, double scale, std::mt19937_64* random) {
  std::normal_distribution<double> gaussian;
  std::vector<double> numbers(size);
  for (double& number : numbers) number = scale * gaussian(*random);
  return numbers;
}

std::vector<double> Descending(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end(), std::greater<double>());
  return numbers;
}

template <typename Transformation>
std::vector<double> Weights(const Transformation& transformation, const std::vector<double>& scores) {
  std::vector<double> weights(scores.size(), -1);
  transformation.Project(scores, absl::MakeSpan(weights));
  return weights;
}

template <typename Transformation>
std::vector<double> Product(const Transformation& transformation, const std::vector<double>& scores,
                            const std::vector<double>& v) {
  std::vector<double> product(scores.size(), -1);
  transformation.JacobianProduct(scores, Weights(transformation, scores), v, absl::MakeSpan(product));
  return product;
}

// Weights of scores + step v, in the order of `scores`.
template <typename Transformation>
std::vector<double> WeightsAlong(const Transformation& transformation, const std::vector<double>& scores,
                                 const std::vector<double>& v, double step) {
  std::vector<double> moved(scores);
  for (size_t i = 0; i < moved.size(); ++i) moved[i] += step * v[i];
  std::vector<size_t> order(moved.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return moved[a] > moved[b]; });
  const std::vector<double> sorted = Weights(transformation, Descending(moved));
  std::vector<double> weights(moved.size());
  for (size_t i = 0; i < order.size(); ++i) weights[order[i]] = sorted[i];
  return weights;
}

double Inner(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Where no weight is about to leave 0 or 1, so that the weights are smooth.
bool IsSmooth(const std::vector<double>& weights, const std::vector<double>& scores, double threshold) {
  for (size_t i = 0; i < weights.size(); ++i) {
    if (std::abs(scores[i] - threshold) < 0.05 || (weights[i] > 0.95 && weights[i] < 1)) return false;
  }
  return true;
}

TEST(JacobianTest, ProductIsTheDerivativeOfTheWeights) {
  ForEachTransformation([](const std::string& name, const auto& transformation) {
    SCOPED_TRACE(name);
    std::mt19937_64 random(kSeed);
    int compared = 0;
    for (int round = 0; round < 300; ++round) {
      const std::vector<double> scores = Descending(Gaussian(9, 0.4, &random));
      const std::vector<double> v = Gaussian(9, 1, &random);
      const std::vector<double> weights = Weights(transformation, scores);
      if (!IsSmooth(weights, scores, transformation.CutFrom(scores, 9))) continue;
      ++compared;
      constexpr double kStep = 1e-5;
      const std::vector<double> ahead = WeightsAlong(transformation, scores, v, kStep);
      const std::vector<double> behind = WeightsAlong(transformation, scores, v, -kStep);
      const std::vector<double> product = Product(transformation, scores, v);
      for (size_t i = 0; i < scores.size(); ++i) {
        // The next term of the difference is the third derivative, up to 0.05^-3, times kStep^2 / 6.
        EXPECT_NEAR(product[i], (ahead[i] - behind[i]) / (2 * kStep), 1e-6) << round << " row " << i;
      }
    }
    EXPECT_GE(compared, 10);
  });
}

// The weights' sum does not change, nor do they if all scores move together.
TEST(JacobianTest, ProductSumsToZeroAndThatOfAConstantIsZero) {
  ForEachTransformation([](const std::string& name, const auto& transformation) {
    SCOPED_TRACE(name);
    std::mt19937_64 random(kSeed);
    for (int round = 0; round < 30; ++round) {
      const std::vector<double> scores = Descending(Gaussian(20, 0.3, &random));
      const std::vector<double> product = Product(transformation, scores, Gaussian(20, 1, &random));
      double magnitude = 0;
      for (const double x : product) magnitude += std::abs(x);
      EXPECT_NEAR(std::accumulate(product.begin(), product.end(), 0.0), 0, 100 * DBL_EPSILON * magnitude);
      for (const double x : Product(transformation, scores, std::vector<double>(20, 1.0))) {
        EXPECT_NEAR(x, 0, 100 * DBL_EPSILON * std::max(1.0, magnitude));
      }
    }
  });
}

// J is the second derivative of a convex function.
TEST(JacobianTest, JacobianIsSymmetricAndPositiveSemidefinite) {
  ForEachTransformation([](const std::string& name, const auto& transformation) {
    SCOPED_TRACE(name);
    std::mt19937_64 random(kSeed);
    for (int round = 0; round < 30; ++round) {
      const std::vector<double> scores = Descending(Gaussian(20, 0.3, &random));
      const std::vector<double> v = Gaussian(20, 1, &random);
      const std::vector<double> w = Gaussian(20, 1, &random);
      const std::vector<double> jv = Product(transformation, scores, v);
      const std::vector<double> jw = Product(transformation, scores, w);
      const double tolerance = 100 * DBL_EPSILON * (std::sqrt(Inner(jv, jv)) + std::sqrt(Inner(jw, jw)) + 1);
      EXPECT_NEAR(Inner(w, jv), Inner(v, jw), 10 * tolerance);
      EXPECT_GE(Inner(v, jv), -tolerance);
    }
  });
}

TEST(JacobianTest, RowsWithoutWeightHaveNoPart) {
  ForEachTransformation([](const std::string& name, const auto& transformation) {
    SCOPED_TRACE(name);
    std::mt19937_64 random(kSeed);
    for (int round = 0; round < 30; ++round) {
      const std::vector<double> scores = Descending(Gaussian(20, 2, &random));
      const std::vector<double> weights = Weights(transformation, scores);
      std::vector<double> v = Gaussian(20, 1, &random);
      const std::vector<double> product = Product(transformation, scores, v);
      for (size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] > 0) continue;
        EXPECT_EQ(product[i], 0);
        v[i] = 1e9;
      }
      EXPECT_EQ(Product(transformation, scores, v), product);
    }
  });
}

TEST(JacobianTest, ProductMayReplaceItsVector) {
  ForEachTransformation([](const std::string& name, const auto& transformation) {
    SCOPED_TRACE(name);
    std::mt19937_64 random(kSeed);
    const std::vector<double> scores = Descending(Gaussian(20, 0.3, &random));
    std::vector<double> v = Gaussian(20, 1, &random);
    const std::vector<double> product = Product(transformation, scores, v);
    transformation.JacobianProduct(scores, Weights(transformation, scores), v, absl::MakeSpan(v));
    EXPECT_EQ(v, product);
  });
}

// The mean over no free weight is 0 / 0.
TEST(JacobianTest, AnIntegralSubsetDoesNotMove) {
  EXPECT_THAT(Product(*KSubsets::Make(2), {3, 2, 1, 0}, {1, -2, 3, 4}), Each(0.0));
  EXPECT_THAT(Product(*KSubsets::Make(4), {3, 2, 1, 0}, {1, -2, 3, 4}), Each(0.0));
}

TEST(JacobianTest, AVertexDoesNotMove) {
  for (const double alpha : kAlphas) {
    EXPECT_THAT(Product(*Entmax::Make(alpha), {9, 0, -1}, {1, -2, 3}), Each(0.0)) << alpha;
  }
  for (const double gamma : kGammas) {
    EXPECT_THAT(Product(*Normmax::Make(gamma), {9, 0, -1}, {1, -2, 3}), Each(0.0)) << gamma;
  }
}

TEST(JacobianTest, FreeWeightsOfSparsemaxMoveByTheirDistanceToTheMean) {
  EXPECT_THAT(Product(*Entmax::Make(2), {0, -0.25, -0.5, -3}, {5, 1, 0, 7}), ElementsAre(3, -1, -2, 0));
}

// p_i^(2 - alpha) overflows here.
TEST(JacobianTest, SteepEntmaxIsNotANumberNowhere) {
  for (const double alpha : {100.0, 1e4, 1e9, 1e17, 1e300}) {
    SCOPED_TRACE(alpha);
    const std::vector<double> scores = {0, 0, 0};
    for (const double x : Product(*Entmax::Make(alpha), scores, {1, -1, 0})) EXPECT_FALSE(std::isnan(x));
  }
}

}  // namespace
}  // namespace engram
