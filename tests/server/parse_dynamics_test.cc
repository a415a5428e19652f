#include "server/parse_dynamics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.h"
#include "server/fill_response.h"

namespace engram {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(ParseDynamicsTest, UnsetFieldsTakeTheDefaults) {
  Dynamics defaults;
  defaults.beta = 7;
  defaults.transform = *KSubsets::Make(3);
  defaults.max_iterations = 11;
  defaults.tolerance = 0.25;
  const absl::StatusOr<Dynamics> dynamics = ParseDynamics(v1::Dynamics(), defaults);
  ASSERT_TRUE(dynamics.ok()) << dynamics.status();
  EXPECT_EQ(dynamics->beta, 7);
  EXPECT_EQ(std::get<KSubsets>(dynamics->transform).k(), 3);
  EXPECT_EQ(dynamics->max_iterations, 11);
  EXPECT_EQ(dynamics->tolerance, 0.25);
}

TEST(ParseDynamicsTest, ZeroIsAValueAndNotUnset) {
  v1::Dynamics wire;
  wire.set_tolerance(0);
  EXPECT_EQ(ParseDynamics(wire, Dynamics())->tolerance, 0);
  wire.set_beta(0);
  EXPECT_FALSE(ParseDynamics(wire, Dynamics()).ok());
}

TEST(ParseDynamicsTest, EntmaxWithoutAlphaIsOnePointFive) {
  v1::Dynamics wire;
  wire.mutable_entmax();
  Dynamics defaults;
  defaults.transform = *Entmax::Make(2);
  EXPECT_EQ(std::get<Entmax>(ParseDynamics(wire, defaults)->transform).alpha(), 1.5);
}

TEST(ParseDynamicsTest, BoundsOfEveryRangeAreAllowed) {
  for (const double beta : {1e-30, 1e30}) {
    v1::Dynamics wire;
    wire.set_beta(beta);
    EXPECT_TRUE(ParseDynamics(wire, Dynamics()).ok()) << beta;
  }
  for (const int iterations : {1, 10'000}) {
    v1::Dynamics wire;
    wire.set_max_iterations(iterations);
    EXPECT_TRUE(ParseDynamics(wire, Dynamics()).ok()) << iterations;
  }
  for (const double tolerance : {0.0, 1.0}) {
    v1::Dynamics wire;
    wire.set_tolerance(tolerance);
    EXPECT_TRUE(ParseDynamics(wire, Dynamics()).ok()) << tolerance;
  }
}

TEST(ParseDynamicsTest, WhatFillDynamicsWritesIsReadBack) {
  const std::vector<Transform> transforms = {Softmax(),
                                             *Entmax::Make(1.25),
                                             *Normmax::Make(3),
                                             *KSubsets::Make(4),
                                             *SequentialKSubsets::Make(2, -0.5),
                                             *ConstrainedSparsemax::Make({0.25, 1, 3}),
                                             Identity(),
                                             *Polynomial::Make(4, true),
                                             Exponential()};
  const std::vector<PostTransform> posts = {IdentityPost(), L2Normalize(), *LayerNorm::Make(0.5), Tanh(),
                                            Sign()};
  ASSERT_EQ(transforms.size(), kTransformNames.size());
  ASSERT_EQ(posts.size(), kPostTransformNames.size());
  for (size_t i = 0; i < transforms.size(); ++i) {
    const Transform& transform = transforms[i];
    Dynamics dynamics;
    dynamics.post_transform = posts[i % posts.size()];
    dynamics.beta = 0.125;
    dynamics.transform = transform;
    dynamics.max_iterations = 17;
    dynamics.tolerance = 1e-9;
    const absl::StatusOr<Dynamics> back = ParseDynamics(FillDynamics(dynamics), Dynamics());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(FillDynamics(*back).SerializeAsString(), FillDynamics(dynamics).SerializeAsString());
    EXPECT_EQ(back->transform.index(), i);
    EXPECT_EQ(back->post_transform.index(), i % posts.size());
  }
}

struct BadDynamics {
  const char* name;
  const char* field;
  const char* got;
  std::function<void(v1::Dynamics*)> set;
};

class BadDynamicsTest : public ::testing::TestWithParam<BadDynamics> {};

TEST_P(BadDynamicsTest, IsInvalidWithFieldGotAndAllowed) {
  v1::Dynamics wire;
  GetParam().set(&wire);
  const absl::Status status = ParseDynamics(wire, Dynamics()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string got = std::string(GetParam().field) + ": got " + GetParam().got + ", allowed ";
  EXPECT_THAT(std::string(status.message()), HasSubstr(got));
  EXPECT_EQ(FindErrorDetails(status)->field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(ParseDynamicsTest, BadDynamicsTest,
                         ::testing::
                             Values(
                                 BadDynamics{"BetaZero", "beta", "0",
                                             [](v1::Dynamics* d) { d->set_beta(0); }},
                                 BadDynamics{"BetaNegative", "beta", "-1",
                                             [](v1::Dynamics* d) { d->set_beta(-1); }},
                                 BadDynamics{"BetaNaN", "beta", "nan",
                                             [](v1::Dynamics* d) { d->set_beta(kNaN); }},
                                 BadDynamics{"BetaInfinite", "beta", "inf",
                                             [](v1::Dynamics* d) { d->set_beta(kInfinity); }},
                                 BadDynamics{"BetaTooLarge", "beta", "1e+31",
                                             [](v1::Dynamics* d) { d->set_beta(1e31); }},
                                 BadDynamics{"BetaTooSmall", "beta", "1e-31",
                                             [](v1::Dynamics* d) { d->set_beta(1e-31); }},
                                 BadDynamics{"AlphaOne", "entmax.alpha", "1",
                                             [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(1); }},
                                 BadDynamics{"AlphaZero", "entmax.alpha", "0",
                                             [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(0); }},
                                 BadDynamics{"AlphaNaN", "entmax.alpha", "nan",
                                             [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(kNaN); }},
                                 BadDynamics{
                                     "AlphaInfinite", "entmax.alpha", "inf",
                                     [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(kInfinity); }},
                                 BadDynamics{"KUnset", "k_subsets.k", "0",
                                             [](v1::Dynamics* d) { d->mutable_k_subsets(); }},
                                 BadDynamics{"KNegative", "k_subsets.k", "-5",
                                             [](v1::Dynamics* d) { d->mutable_k_subsets()->set_k(-5); }},
                                 BadDynamics{"GammaOne", "normmax.gamma", "1",
                                             [](v1::Dynamics* d) { d->mutable_normmax()->set_gamma(1); }},
                                 BadDynamics{"SequentialKUnset", "sequential_k_subsets.k", "0",
                                             [](v1::Dynamics* d) { d->mutable_sequential_k_subsets(); }},
                                 BadDynamics{"EdgeNaN", "sequential_k_subsets.edge", "nan",
                                             [](v1::Dynamics* d) {
                                               d->mutable_sequential_k_subsets()->set_k(1);
                                               d->mutable_sequential_k_subsets()->set_edge(kNaN);
                                             }},
                                 BadDynamics{"DegreeEven", "polynomial.degree", "2",
                                             [](v1::Dynamics* d) { d->mutable_polynomial()->set_degree(2); }},
                                 BadDynamics{
                                     "EpsZero", "post_transformation.layer_norm.eps", "0",
                                     [](v1::Dynamics* d) {
                                       d->mutable_post_transformation()->mutable_layer_norm()->set_eps(0);
                                     }},
                                 BadDynamics{"IterationsZero", "max_iterations", "0",
                                             [](v1::Dynamics* d) { d->set_max_iterations(0); }},
                                 BadDynamics{"IterationsTooMany", "max_iterations", "10001",
                                             [](v1::Dynamics* d) { d->set_max_iterations(10'001); }},
                                 BadDynamics{"ToleranceNegative", "tolerance", "-1e-09",
                                             [](v1::Dynamics* d) { d->set_tolerance(-1e-9); }},
                                 BadDynamics{"ToleranceAboveOne", "tolerance", "1.5",
                                             [](v1::Dynamics* d) { d->set_tolerance(1.5); }},
                                 BadDynamics{"ToleranceNaN", "tolerance", "nan",
                                             [](v1::Dynamics* d) { d->set_tolerance(kNaN); }}),
                         [](const ::testing::TestParamInfo<BadDynamics>& info) { return info.param.name; });

TEST(ParseDynamicsTest, ParametersHaveTheirDefaults) {
  v1::Dynamics wire;
  wire.mutable_normmax();
  EXPECT_EQ(std::get<Normmax>(ParseDynamics(wire, Dynamics())->transform).gamma(), 2);
  wire.mutable_sequential_k_subsets()->set_k(3);
  EXPECT_EQ(std::get<SequentialKSubsets>(ParseDynamics(wire, Dynamics())->transform).edge(), 0);
  wire.mutable_polynomial()->set_degree(3);
  EXPECT_FALSE(std::get<Polynomial>(ParseDynamics(wire, Dynamics())->transform).rectified());
  wire.mutable_post_transformation()->mutable_layer_norm();
  EXPECT_EQ(std::get<LayerNorm>(ParseDynamics(wire, Dynamics())->post_transform).eps(), 1e-5);
}

TEST(ParseDynamicsTest, AnUnsetPostTransformationIsTheDefault) {
  Dynamics defaults;
  defaults.post_transform = Tanh();
  v1::Dynamics wire;
  EXPECT_TRUE(std::holds_alternative<Tanh>(ParseDynamics(wire, defaults)->post_transform));
  wire.mutable_post_transformation();
  EXPECT_TRUE(std::holds_alternative<Tanh>(ParseDynamics(wire, defaults)->post_transform));
  wire.mutable_post_transformation()->mutable_identity();
  EXPECT_TRUE(std::holds_alternative<IdentityPost>(ParseDynamics(wire, defaults)->post_transform));
}

}  // namespace
}  // namespace engram
