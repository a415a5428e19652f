#include "client/cli/dynamics_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/cli/dynamics_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_flags.h"

namespace engram::cli {
namespace {

using testing::HasSubstr;

v1::Dynamics Parse(const TransformFlags& transform) {
  DynamicsFlags flags;
  flags.transform = transform;
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags);
  EXPECT_TRUE(dynamics.ok()) << dynamics.status();
  return dynamics.ok() ? *dynamics : v1::Dynamics();
}

std::string ErrorOf(const TransformFlags& transform) {
  v1::Dynamics dynamics;
  const absl::Status status = SetTransformation(transform, &dynamics);
  EXPECT_TRUE(IsUsageError(status)) << status;
  return std::string(status.message());
}

TransformFlags Named(const std::string& name) {
  TransformFlags flags;
  flags.transform = name;
  return flags;
}

TransformFlags WithAlpha(const std::string& name, double alpha) {
  TransformFlags flags = Named(name);
  flags.alpha = alpha;
  return flags;
}

TransformFlags WithK(const std::string& name, int64_t k) {
  TransformFlags flags = Named(name);
  flags.k = k;
  return flags;
}

TEST(DynamicsFlagsTest, NoFlagsSendNothing) {
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics({});
  ASSERT_TRUE(dynamics.ok());
  EXPECT_EQ(dynamics->ByteSizeLong(), 0);
}

TEST(DynamicsFlagsTest, OnlyWhatIsGivenIsSet) {
  DynamicsFlags flags;
  flags.beta = 8;
  flags.tolerance = 0;
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags);
  ASSERT_TRUE(dynamics.ok());
  EXPECT_EQ(dynamics->beta(), 8);
  EXPECT_TRUE(dynamics->has_tolerance());
  EXPECT_FALSE(dynamics->has_max_iterations());
  EXPECT_EQ(dynamics->transformation_case(), v1::Dynamics::TRANSFORMATION_NOT_SET);
}

TEST(DynamicsFlagsTest, TopKAloneIsKSubsets) { EXPECT_EQ(Parse(WithK("", 3)).k_subsets().k(), 3); }

TEST(DynamicsFlagsTest, AlphaAloneIsEntmaxAndSoftmaxAtOne) {
  EXPECT_EQ(Parse(WithAlpha("", 1.5)).entmax().alpha(), 1.5);
  EXPECT_EQ(Parse(WithAlpha("", 2)).entmax().alpha(), 2);
  EXPECT_TRUE(Parse(WithAlpha("", 1)).has_softmax());
}

TEST(DynamicsFlagsTest, SparsemaxIsEntmaxAtTwo) { EXPECT_EQ(Parse(Named("sparsemax")).entmax().alpha(), 2); }

TEST(DynamicsFlagsTest, EntmaxWithoutAlphaLeavesItToTheServer) {
  EXPECT_TRUE(Parse(Named("entmax")).has_entmax());
  EXPECT_FALSE(Parse(Named("entmax")).entmax().has_alpha());
}

TEST(DynamicsFlagsTest, EveryNameMakesATransformation) {
  for (const std::string& name : TransformNames()) {
    TransformFlags flags = Named(name);
    if (name == "k-subsets" || name == "sequential-k-subsets") flags.k = 2;
    if (name == "polynomial") flags.degree = 3;
    if (name == "constrained-sparsemax") flags.upper_bounds = {0.5, 1};
    const v1::Dynamics dynamics = Parse(flags);
    EXPECT_NE(dynamics.transformation_case(), v1::Dynamics::TRANSFORMATION_NOT_SET) << name;
    EXPECT_THAT(TransformText(dynamics), HasSubstr(name == "sparsemax" ? "entmax, alpha 2" : name));
  }
}

TEST(DynamicsFlagsTest, ParametersAreSent) {
  TransformFlags edge = WithK("", 2);
  edge.edge = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Parse(edge).sequential_k_subsets().k(), 2);
  EXPECT_EQ(Parse(edge).sequential_k_subsets().edge(), edge.edge);
  TransformFlags polynomial;
  polynomial.degree = 2;
  polynomial.rectified = true;
  EXPECT_EQ(Parse(polynomial).polynomial().degree(), 2);
  EXPECT_TRUE(Parse(polynomial).polynomial().rectified());
  TransformFlags normmax;
  normmax.gamma = 3;
  EXPECT_EQ(Parse(normmax).normmax().gamma(), 3);
  TransformFlags bounds;
  bounds.upper_bounds = {0.25, 1};
  EXPECT_THAT(Parse(bounds).constrained_sparsemax().upper_bounds(), testing::ElementsAre(0.25, 1));
}

TEST(DynamicsFlagsTest, UpperBoundsComeFromTheirFile) {
  DynamicsFlags flags;
  flags.upper_bounds = "no-such-file";
  EXPECT_THAT(std::string(ParseDynamics(flags).status().message()), HasSubstr("no-such-file"));
}

TEST(DynamicsFlagsTest, EpsAloneIsLayerNorm) {
  DynamicsFlags flags;
  flags.eps = 0.01;
  EXPECT_EQ(ParseDynamics(flags)->post_transformation().layer_norm().eps(), 0.01);
  flags.post_transform = "layer-norm";
  EXPECT_EQ(ParseDynamics(flags)->post_transformation().layer_norm().eps(), 0.01);
  flags.post_transform = "tanh";
  EXPECT_TRUE(IsUsageError(ParseDynamics(flags).status()));
}

TEST(DynamicsFlagsTest, ContradictionsAreUsageErrors) {
  TransformFlags both = WithK("", 3);
  both.alpha = 2;
  EXPECT_THAT(ErrorOf(both), HasSubstr("--alpha and --top-k contradict each other"));
  EXPECT_THAT(ErrorOf(WithK("softmax", 3)),
              HasSubstr("--top-k and --transform softmax contradict each other"));
  EXPECT_THAT(ErrorOf(WithAlpha("k-subsets", 2)), HasSubstr("its parameters are --top-k"));
}

TEST(DynamicsFlagsTest, MissingAndUnknownAreUsageErrors) {
  EXPECT_THAT(ErrorOf(Named("k-subsets")), HasSubstr("needs --top-k"));
  EXPECT_THAT(ErrorOf(Named("maxmax")), HasSubstr("got 'maxmax', allowed are entmax"));
  EXPECT_THAT(ErrorOf(WithAlpha("", 0.5)), HasSubstr("--alpha: got 0.5"));
  EXPECT_THAT(ErrorOf(WithAlpha("", std::numeric_limits<double>::quiet_NaN())),
              HasSubstr("--alpha: got nan"));
}

TEST(DynamicsReportTest, ParametersAreNamed) {
  EXPECT_EQ(TransformText(Parse(WithAlpha("", 1.5))), "entmax, alpha 1.5");
  EXPECT_EQ(TransformText(Parse(WithK("", 3))), "k-subsets, k 3");
  TransformFlags edge = WithK("", 2);
  edge.edge = std::numeric_limits<double>::infinity();
  EXPECT_EQ(TransformText(Parse(edge)), "sequential-k-subsets, k 2, edge inf");
  TransformFlags bounds;
  bounds.upper_bounds = {0.25, 1};
  EXPECT_EQ(TransformText(Parse(bounds)), "constrained-sparsemax, 2 upper bounds");
}

TEST(ImageFlagsTest, SizeAndRangeAreParsed) {
  const absl::StatusOr<std::optional<ImageShape>> shape = ParseImageFlags({"4x2", "-1,1"}, 8);
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_EQ((*shape)->size.width, 4);
  EXPECT_EQ((*shape)->range->low, -1);
  EXPECT_FALSE(ParseImageFlags({}, 8)->has_value());
}

TEST(ImageFlagsTest, WhatDoesNotFitIsAUsageError) {
  EXPECT_THAT(std::string(ParseImageFlags({"4x3", ""}, 8).status().message()),
              HasSubstr("got 4x3, which is 12 pixels; the patterns have dimension 8"));
  for (const char* size : {"8", "x8", "0x8", "-4x-2", "4x2x1", "1048577x1", "axb"}) {
    EXPECT_TRUE(IsUsageError(ParseImageFlags({size, ""}, 8).status())) << size;
  }
  for (const char* range : {"1", "1,0", "a,b", "0,nan", "0,inf"}) {
    EXPECT_TRUE(IsUsageError(ParseImageFlags({"4x2", range}, 8).status())) << range;
  }
  EXPECT_TRUE(IsUsageError(ParseImageFlags({"", "0,1"}, 8).status()));
}

}  // namespace
}  // namespace engram::cli
