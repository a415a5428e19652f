#include "server/parse_dynamics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <variant>

#include "core/base/error.h"
#include "server/fill_response.h"

namespace engram {
namespace {

using ::testing::AllOf;
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
  for (const Transform& transform :
       {Transform(Softmax()), Transform(*Entmax::Make(1.25)), Transform(*KSubsets::Make(4))}) {
    Dynamics dynamics;
    dynamics.beta = 0.125;
    dynamics.transform = transform;
    dynamics.max_iterations = 17;
    dynamics.tolerance = 1e-9;
    const absl::StatusOr<Dynamics> back = ParseDynamics(FillDynamics(dynamics), Dynamics());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(FillDynamics(*back).SerializeAsString(), FillDynamics(dynamics).SerializeAsString());
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

INSTANTIATE_TEST_SUITE_P(
    ParseDynamicsTest, BadDynamicsTest,
    ::testing::Values(
        BadDynamics{"BetaZero", "beta", "0", [](v1::Dynamics* d) { d->set_beta(0); }},
        BadDynamics{"BetaNegative", "beta", "-1", [](v1::Dynamics* d) { d->set_beta(-1); }},
        BadDynamics{"BetaNaN", "beta", "nan", [](v1::Dynamics* d) { d->set_beta(kNaN); }},
        BadDynamics{"BetaInfinite", "beta", "inf", [](v1::Dynamics* d) { d->set_beta(kInfinity); }},
        BadDynamics{"BetaTooLarge", "beta", "1e+31", [](v1::Dynamics* d) { d->set_beta(1e31); }},
        BadDynamics{"BetaTooSmall", "beta", "1e-31", [](v1::Dynamics* d) { d->set_beta(1e-31); }},
        BadDynamics{"AlphaOne", "entmax.alpha", "1",
                    [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(1); }},
        BadDynamics{"AlphaZero", "entmax.alpha", "0",
                    [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(0); }},
        BadDynamics{"AlphaNaN", "entmax.alpha", "nan",
                    [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(kNaN); }},
        BadDynamics{"AlphaInfinite", "entmax.alpha", "inf",
                    [](v1::Dynamics* d) { d->mutable_entmax()->set_alpha(kInfinity); }},
        BadDynamics{"KUnset", "k_subsets.k", "0", [](v1::Dynamics* d) { d->mutable_k_subsets(); }},
        BadDynamics{"KNegative", "k_subsets.k", "-5",
                    [](v1::Dynamics* d) { d->mutable_k_subsets()->set_k(-5); }},
        BadDynamics{"IterationsZero", "max_iterations", "0",
                    [](v1::Dynamics* d) { d->set_max_iterations(0); }},
        BadDynamics{"IterationsTooMany", "max_iterations", "10001",
                    [](v1::Dynamics* d) { d->set_max_iterations(10'001); }},
        BadDynamics{"ToleranceNegative", "tolerance", "-1e-09",
                    [](v1::Dynamics* d) { d->set_tolerance(-1e-9); }},
        BadDynamics{"ToleranceAboveOne", "tolerance", "1.5", [](v1::Dynamics* d) { d->set_tolerance(1.5); }},
        BadDynamics{"ToleranceNaN", "tolerance", "nan", [](v1::Dynamics* d) { d->set_tolerance(kNaN); }}),
    [](const ::testing::TestParamInfo<BadDynamics>& info) { return info.param.name; });

struct Unbuilt {
  const char* field;
  std::function<void(v1::Dynamics*)> set;
};

class UnbuiltDynamicsTest : public ::testing::TestWithParam<Unbuilt> {};

TEST_P(UnbuiltDynamicsTest, IsUnimplementedWithATextThatSaysSo) {
  v1::Dynamics wire;
  GetParam().set(&wire);
  const absl::Status status = ParseDynamics(wire, Dynamics()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  const std::string field = GetParam().field;
  EXPECT_EQ(FindErrorDetails(status)->field, field);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(field.substr(field.rfind('.') + 1)),
                                                   HasSubstr("not implemented by this server yet")));
}

INSTANTIATE_TEST_SUITE_P(
    ParseDynamicsTest, UnbuiltDynamicsTest,
    ::testing::Values(
        Unbuilt{"normmax", [](v1::Dynamics* d) { d->mutable_normmax(); }},
        Unbuilt{"sequential_k_subsets", [](v1::Dynamics* d) { d->mutable_sequential_k_subsets(); }},
        Unbuilt{"constrained_sparsemax", [](v1::Dynamics* d) { d->mutable_constrained_sparsemax(); }},
        Unbuilt{"identity", [](v1::Dynamics* d) { d->mutable_identity(); }},
        Unbuilt{"polynomial", [](v1::Dynamics* d) { d->mutable_polynomial(); }},
        Unbuilt{"exponential", [](v1::Dynamics* d) { d->mutable_exponential(); }},
        Unbuilt{"post_transformation.l2_normalize",
                [](v1::Dynamics* d) { d->mutable_post_transformation()->mutable_l2_normalize(); }},
        Unbuilt{"post_transformation.layer_norm",
                [](v1::Dynamics* d) { d->mutable_post_transformation()->mutable_layer_norm(); }},
        Unbuilt{"post_transformation.tanh",
                [](v1::Dynamics* d) { d->mutable_post_transformation()->mutable_tanh(); }},
        Unbuilt{"post_transformation.sign",
                [](v1::Dynamics* d) { d->mutable_post_transformation()->mutable_sign(); }}));

TEST(ParseDynamicsTest, TheIdentityPostTransformationIsBuilt) {
  v1::Dynamics wire;
  wire.mutable_post_transformation()->mutable_identity();
  EXPECT_TRUE(ParseDynamics(wire, Dynamics()).ok());
}

}  // namespace
}  // namespace engram
