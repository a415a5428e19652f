#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/transform/post_transform_list.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/golden/golden_file.h"

namespace engram {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kEpsilon = DBL_EPSILON;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint64_t kSeed = 1984;
constexpr double kBetas[] = {0.1, 1, 7};

// Psi*(z), whose gradient each of them is.
double PotentialConjugate(const IdentityPost&, const std::vector<double>& z, double) {
  double sum = 0;
  for (const double component : z) sum += component * component;
  return sum / 2;
}
double PotentialConjugate(const L2Normalize&, const std::vector<double>& z, double) {
  return std::sqrt(2 * PotentialConjugate(IdentityPost(), z, 1));
}
double PotentialConjugate(const LayerNorm& norm, const std::vector<double>& z, double) {
  const auto dim = static_cast<double>(z.size());
  double mean = 0;
  for (const double component : z) mean += component / dim;
  double sum = dim * norm.eps();
  for (const double component : z) sum += (component - mean) * (component - mean);
  return std::sqrt(dim) * std::sqrt(sum);
}
double PotentialConjugate(const Tanh&, const std::vector<double>& z, double beta) {
  double sum = 0;
  for (const double component : z) {
    const double x = std::abs(beta * component);
    sum += x + std::log1p(std::exp(-2 * x)) - std::log(2.0);
  }
  return sum / beta;
}
double PotentialConjugate(const Sign&, const std::vector<double>& z, double) {
  double sum = 0;
  for (const double component : z) sum += std::abs(component);
  return sum;
}
double PotentialConjugate(const PostTransform& post, const std::vector<double>& z, double beta) {
  return std::visit([&](const auto& p) { return PotentialConjugate(p, z, beta); }, post);
}

std::vector<PostTransform> PostTransformCases() {
  static_assert(std::variant_size_v<PostTransform> == 5, "Add the new post-transformation to the cases.");
  return {
      IdentityPost(), L2Normalize(), *LayerNorm::Make(1e-5), *LayerNorm::Make(1e-12), *LayerNorm::Make(0.25),
      Tanh(),         Sign()};
}

std::string Describe(const PostTransform& post) {
  std::string name = NameOf(post);
  if (const auto* norm = std::get_if<LayerNorm>(&post)) absl::StrAppend(&name, " eps=", norm->eps());
  return name;
}

std::vector<double> RandomVector(size_t dim, double scale, std::mt19937_64* random) {
  std::normal_distribution<double> gaussian(0, scale);
  std::vector<double> vector(dim);
  for (double& component : vector) component = gaussian(*random);
  return vector;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += a[d] * b[d];
  return sum;
}

std::vector<double> JacobianTimes(const PostTransform& post, const std::vector<double>& z, double beta,
                                  const std::vector<double>& g) {
  std::vector<double> product(g.size(), -1);
  JacobianProduct(post, z, beta, g, absl::MakeSpan(product));
  return product;
}

// Calls check(post, z, beta) with random states.
template <typename Check>
void ForEachCase(const Check& check) {
  std::mt19937_64 random(kSeed);
  for (const PostTransform& post : PostTransformCases()) {
    for (const size_t dim : {1, 2, 5, 64}) {
      for (const double beta : kBetas) {
        SCOPED_TRACE(::testing::Message()
                     << Describe(post) << ", D=" << dim << ", beta " << beta << ", seed " << kSeed);
        check(post, RandomVector(dim, 1, &random), beta);
        check(post, RandomVector(dim, 0.01, &random), beta);
        check(post, RandomVector(dim, 30, &random), beta);
      }
    }
  }
}

TEST(PostTransformTest, EveryPostTransformationHasItsOwnName) {
  const std::set<std::string> names(kPostTransformNames.begin(), kPostTransformNames.end());
  EXPECT_EQ(names.size(), std::variant_size_v<PostTransform>);
  EXPECT_STREQ(NameOf(PostTransform(L2Normalize())), "l2_normalize");
  EXPECT_STREQ(NameOf(PostTransform(Sign())), "sign");
}

// Psi(y(z)) + Psi*(z) = <y(z), z>, and no other state does better: that makes y the gradient.
TEST(PostTransformTest, PotentialIsTheConjugateOfWhatIsApplied) {
  std::mt19937_64 random(kSeed);
  ForEachCase([&](const PostTransform& post, const std::vector<double>& z, double beta) {
    const auto loss = [&](const std::vector<double>& q) {
      return Potential(post, q, beta) + PotentialConjugate(post, z, beta) - Dot(q, z);
    };
    const std::vector<double> y = Apply(post, z, beta);
    const auto dim = static_cast<double>(z.size());
    // The root at the edge of layer norm's ball takes D eps times the root of y's rounding.
    const auto* norm = std::get_if<LayerNorm>(&post);
    const double edge = norm != nullptr ? dim * std::sqrt(norm->eps()) * std::sqrt(4 * dim * kEpsilon) : 0;
    const double tolerance =
        edge + 8 * dim * kEpsilon * (1 + std::abs(Dot(y, z)) + PotentialConjugate(post, z, beta));
    EXPECT_NEAR(loss(y), 0, tolerance);
    for (int round = 0; round < 5; ++round) {
      const std::vector<double> other = Apply(post, RandomVector(z.size(), 1, &random), beta);
      EXPECT_GE(loss(other), -tolerance);
    }
  });
}

TEST(PostTransformTest, AppliesTheGradientOfThePotentialsConjugate) {
  constexpr double kStep = 1e-6;
  ForEachCase([&](const PostTransform& post, const std::vector<double>& z, double beta) {
    const std::vector<double> y = Apply(post, z, beta);
    // Differences see no kink only where they stay away from it.
    const double nearest = std::abs(
        *std::min_element(z.begin(), z.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
    if (nearest < 10 * kStep) return;
    const auto* norm = std::get_if<LayerNorm>(&post);
    if (norm != nullptr && norm->eps() < 1e-6) return;  // Bends within a step.
    const double conjugate = PotentialConjugate(post, z, beta);
    for (size_t d = 0; d < std::min<size_t>(z.size(), 5); ++d) {
      std::vector<double> ahead = z;
      std::vector<double> behind = z;
      ahead[d] += kStep;
      behind[d] -= kStep;
      const double slope =
          (PotentialConjugate(post, ahead, beta) - PotentialConjugate(post, behind, beta)) / (2 * kStep);
      EXPECT_NEAR(slope, y[d], 1e-6 + 4 * kEpsilon * std::abs(conjugate) / kStep) << d;
    }
  });
}

TEST(PostTransformTest, JacobianProductIsTheDerivative) {
  std::mt19937_64 random(kSeed);
  ForEachCase([&](const PostTransform& post, const std::vector<double>& z, double beta) {
    const std::vector<double> g = RandomVector(z.size(), 1, &random);
    const std::vector<double> product = JacobianTimes(post, z, beta, g);
    // A step that is small beside the state: one component is its whole norm.
    double largest = 0;
    for (const double component : z) largest = std::max(largest, std::abs(component));
    const double step = 1e-6 * largest;
    std::vector<double> ahead = z;
    std::vector<double> behind = z;
    for (size_t d = 0; d < z.size(); ++d) {
      ahead[d] += step * g[d];
      behind[d] -= step * g[d];
    }
    const std::vector<double> high = Apply(post, ahead, beta);
    const std::vector<double> low = Apply(post, behind, beta);
    if (std::holds_alternative<Sign>(post)) {
      EXPECT_THAT(product, Each(0.0));
      return;
    }
    // Along the state the derivative of a norm vanishes by cancellation, hence the scale of the others.
    const double scale = 1 / largest + beta;
    for (size_t d = 0; d < z.size(); ++d) {
      const double derivative = (high[d] - low[d]) / (2 * step);
      EXPECT_NEAR(product[d], derivative, 1e-7 * (scale + std::abs(product[d]))) << d;
    }
  });
}

TEST(PostTransformTest, JacobianIsSymmetricAndMayBeAppliedInPlace) {
  std::mt19937_64 random(kSeed);
  ForEachCase([&](const PostTransform& post, const std::vector<double>& z, double beta) {
    const std::vector<double> a = RandomVector(z.size(), 1, &random);
    const std::vector<double> b = RandomVector(z.size(), 1, &random);
    const std::vector<double> ja = JacobianTimes(post, z, beta, a);
    const double tolerance = 1e-13 * std::sqrt(Dot(ja, ja) * Dot(b, b)) + 1e-13 * std::abs(Dot(a, b));
    // A norm's Jacobian is of order 1 / |z|, and of order rounding along z.
    EXPECT_NEAR(Dot(ja, b), Dot(JacobianTimes(post, z, beta, b), a),
                tolerance / std::sqrt(Dot(z, z)) + tolerance);
    std::vector<double> in_place = a;
    JacobianProduct(post, z, beta, in_place, absl::MakeSpan(in_place));
    EXPECT_EQ(in_place, ja);
  });
}

// Clients get states in float32 and send them back.
TEST(PostTransformTest, StatesRoundedToFloat32AreInsideTheDomain) {
  ForEachCase([](const PostTransform& post, const std::vector<double>& z, double beta) {
    std::vector<double> rounded = Apply(post, z, beta);
    EXPECT_TRUE(std::isfinite(Potential(post, rounded, beta)));
    for (double& component : rounded) component = static_cast<float>(component);
    EXPECT_TRUE(std::isfinite(Potential(post, rounded, beta)));
    for (double& component : rounded) component *= 1 + 9e-7;
    EXPECT_TRUE(std::isfinite(Potential(post, rounded, beta)));
  });
}

TEST(PostTransformTest, PotentialIsInfiniteOutsideTheDomain) {
  EXPECT_EQ(Potential(IdentityPost(), {3, 4}, 1), 12.5);
  EXPECT_EQ(Potential(L2Normalize(), {0.6, 0.8}, 1), 0);
  EXPECT_EQ(Potential(L2Normalize(), {0.1, 0}, 1), 0);
  EXPECT_EQ(Potential(L2Normalize(), {0.6, 0.80001}, 1), kInfinity);
  EXPECT_EQ(Potential(L2Normalize(), {DBL_MAX, DBL_MAX}, 1), kInfinity);
  const PostTransform norm = *LayerNorm::Make(0.25);
  EXPECT_EQ(Potential(norm, {0, 0}, 1), -1);
  EXPECT_EQ(Potential(norm, {1, -1}, 1), 0);
  EXPECT_EQ(Potential(norm, {1.00001, -1.00001}, 1), kInfinity);
  EXPECT_EQ(Potential(norm, {0.5, -0.49999}, 1), kInfinity);
  EXPECT_EQ(Potential(Tanh(), {0, 0}, 2), 0);
  EXPECT_DOUBLE_EQ(Potential(Tanh(), {1, -1}, 2), std::log(2.0));
  EXPECT_DOUBLE_EQ(Potential(Tanh(), {1 + 5e-7, 0}, 2), std::log(2.0) / 2);
  EXPECT_EQ(Potential(Tanh(), {0, 1.00001}, 2), kInfinity);
  EXPECT_EQ(Potential(Sign(), {1, -0.3}, 1), 0);
  EXPECT_EQ(Potential(Sign(), {1, -1.00001}, 1), kInfinity);
  for (const PostTransform& post : PostTransformCases()) {
    EXPECT_FALSE(std::isfinite(Potential(post, {std::nan(""), 0.5}, 1))) << Describe(post);
  }
}

TEST(PostTransformTest, TheZeroVectorStaysZeroUnderL2) {
  const std::vector<double> zero(3, 0.0);
  EXPECT_EQ(Apply(L2Normalize(), zero, 1), zero);
  EXPECT_EQ(Potential(L2Normalize(), zero, 1), 0);
  EXPECT_EQ(JacobianTimes(L2Normalize(), zero, 1, {1, 2, 3}), zero);
}

TEST(PostTransformTest, L2NormalizesWhatWouldOverflowOrVanish) {
  for (const double scale : {DBL_MAX / 4, 1e300, 1.0, 1e-200, DBL_MIN, 4e-323}) {
    const std::vector<double> y = Apply(L2Normalize(), {3 * scale, 0, -4 * scale}, 1);
    // The least doubles have few digits: 4e-323 is 8 of them, and its multiples are exact.
    EXPECT_NEAR(y[0], 0.6, 2 * kEpsilon) << scale;
    EXPECT_EQ(y[1], 0);
    EXPECT_NEAR(y[2], -0.8, 2 * kEpsilon) << scale;
  }
}

TEST(PostTransformTest, ConstantVectorsAreZeroUnderLayerNorm) {
  for (const double eps : {1e-300, 1e-5, 1.0}) {
    const PostTransform norm = *LayerNorm::Make(eps);
    for (const double constant : {0.0, 0.1, -2.0, 1e6 + 0.1, 1e17 / 3, DBL_MAX}) {
      for (const size_t dim : {1, 3, 7, 784}) {
        EXPECT_THAT(Apply(norm, std::vector<double>(dim, constant), 1), Each(0.0)) << constant << " " << dim;
      }
    }
  }
}

TEST(PostTransformTest, LayerNormHandlesWhatWouldOverflow) {
  const std::vector<double> y = Apply(*LayerNorm::Make(1e-5), {DBL_MAX, -DBL_MAX, DBL_MAX, -DBL_MAX}, 1);
  EXPECT_THAT(y, ElementsAre(1, -1, 1, -1));
}

TEST(PostTransformTest, LayerNormRejectsWhatIsNoEps) {
  for (const double eps : {0.0, -1e-5, kInfinity, std::nan("")}) {
    const absl::Status status = LayerNorm::Make(eps).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << eps;
    EXPECT_EQ(FindErrorDetails(status)->field, "eps");
    EXPECT_THAT(std::string(status.message()), HasSubstr("allowed a finite number greater than 0"));
  }
  EXPECT_EQ(LayerNorm::Make(1e-5)->eps(), 1e-5);
}

TEST(PostTransformTest, SignOfZeroIs1) {
  EXPECT_THAT(Apply(Sign(), {0.0, -0.0, 5e-324, -5e-324, -7}, 1), ElementsAre(1, 1, 1, -1, -1));
}

TEST(PostTransformTest, TanhSaturatesWithoutNaN) {
  EXPECT_THAT(Apply(Tanh(), {1e300, -1e300, 0}, 1e30), ElementsAre(1, -1, 0));
  EXPECT_THAT(JacobianTimes(Tanh(), {1e300, -1e300, 0}, 1e30, {1, 1, 1}), ElementsAre(0, 0, 1e30));
}

TEST(PostTransformTest, GoldenStatesAgree) {
  const GoldenFile file("post_transforms.json");
  ASSERT_EQ(file.cases().size(), 5u);
  for (const nlohmann::json& golden : file.cases()) {
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const std::vector<double> z = GoldenFile::Vector(golden.at("q"));
    const auto expect = [&](const PostTransform& post, double beta, const char* name) {
      const std::vector<double> y = Apply(post, z, beta);
      const std::vector<double> expected = GoldenFile::Vector(golden.at("out").at(name));
      ASSERT_EQ(y.size(), expected.size());
      double largest = 0;
      for (const double component : expected) largest = std::max(largest, std::abs(component));
      // Means and norms of six numbers: a few units in the last place of the largest.
      for (size_t d = 0; d < y.size(); ++d) {
        EXPECT_NEAR(y[d], expected[d], 4 * kEpsilon * largest) << name << " " << d;
      }
    };
    expect(L2Normalize(), 1, "l2");
    expect(*LayerNorm::Make(1e-5), 1, "layer_norm_eps1e-5");
    expect(Tanh(), 0.7, "tanh_beta0.7");
  }
}

}  // namespace
}  // namespace engram
