#include "server/parse_recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <variant>

#include "core/base/error.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

BankSettings Settings() {
  BankSettings settings;
  settings.name = "faces";
  settings.dim = 2;
  return settings;
}

v1::RecallRequest Query() {
  v1::RecallRequest request;
  request.mutable_query()->set_rows(1);
  request.mutable_query()->set_cols(2);
  request.mutable_query()->add_values(3);
  request.mutable_query()->add_values(4);
  return request;
}

void ExpectInvalid(const absl::Status& status, const std::string& field) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  ASSERT_TRUE(FindErrorDetails(status).has_value()) << status;
  EXPECT_EQ(FindErrorDetails(status)->field, field);
}

TEST(ParseRecallTest, UnsetFieldsHaveTheirDefaults) {
  const absl::StatusOr<ParsedRecall> parsed = ParseRecall(Query(), Settings());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->query, ElementsAre(3, 4));
  EXPECT_EQ(parsed->plan.mode, RecallMode::kUsedUp);
  EXPECT_TRUE(parsed->plan.upper_bounds.empty());
  EXPECT_EQ(parsed->max_memories, 0);
  EXPECT_EQ(parsed->encoding, v1::MATRIX_ENCODING_FLOATS);
}

TEST(ParseRecallTest, ModesHaveTheirDefaultsAndTheirParameters) {
  v1::RecallRequest request = Query();
  request.mutable_sequential();
  absl::StatusOr<ParsedRecall> parsed = ParseRecall(request, Settings());
  EXPECT_EQ(parsed->plan.mode, RecallMode::kSequential);
  EXPECT_EQ(parsed->plan.strength, 1e9);
  EXPECT_EQ(parsed->plan.decay, 1e-3);
  EXPECT_EQ(parsed->plan.bonus, 1.1);
  request.mutable_sequential()->mutable_penalty()->set_strength(5);
  request.mutable_sequential()->set_bonus(2);
  parsed = ParseRecall(request, Settings());
  EXPECT_EQ(parsed->plan.strength, 5);
  EXPECT_EQ(parsed->plan.bonus, 2);
  request.mutable_penalty()->set_decay(0.5);
  parsed = ParseRecall(request, Settings());
  EXPECT_EQ(parsed->plan.mode, RecallMode::kPenalty);
  EXPECT_EQ(parsed->plan.strength, 1e9);
  EXPECT_EQ(parsed->plan.decay, 0.5);
}

TEST(ParseRecallTest, ParametersHaveBounds) {
  for (const double strength : {0.0, 1.1e30, 1e300, std::nan("")}) {
    v1::RecallRequest request = Query();
    request.mutable_penalty()->set_strength(strength);
    ExpectInvalid(ParseRecall(request, Settings()).status(), "penalty.strength");
  }
  for (const double bonus : {0.9, 1.1e6, 1e308, std::nan("")}) {
    v1::RecallRequest request = Query();
    request.mutable_sequential()->set_bonus(bonus);
    ExpectInvalid(ParseRecall(request, Settings()).status(), "sequential.bonus");
  }
  v1::RecallRequest request = Query();
  request.mutable_sequential()->set_bonus(1e6);
  request.mutable_sequential()->mutable_penalty()->set_strength(1e30);
  request.mutable_sequential()->mutable_penalty()->set_decay(1);
  EXPECT_TRUE(ParseRecall(request, Settings()).ok());
}

TEST(ParseRecallTest, UsedUpTakesBoundsAndNoOtherTransformation) {
  v1::RecallRequest request = Query();
  auto* bounds = request.mutable_dynamics()->mutable_constrained_sparsemax();
  bounds->add_upper_bounds(0.5);
  bounds->add_upper_bounds(2);
  EXPECT_THAT(ParseRecall(request, Settings())->plan.upper_bounds, ElementsAre(0.5, 2));
  request.mutable_dynamics()->mutable_softmax();
  ExpectInvalid(ParseRecall(request, Settings()).status(), "dynamics.softmax");
  // The bank's own does not matter.
  BankSettings settings = Settings();
  settings.default_dynamics.transform = *KSubsets::Make(1000);
  EXPECT_TRUE(ParseRecall(Query(), settings).ok());
}

TEST(ParseRecallTest, OtherModesRetrieveSinglePatterns) {
  v1::RecallRequest request = Query();
  request.mutable_penalty();
  for (const Transform& transform :
       {Transform(Softmax()), Transform(*Entmax::Make(2)), Transform(*Normmax::Make(3))}) {
    BankSettings settings = Settings();
    settings.default_dynamics.transform = transform;
    EXPECT_TRUE(ParseRecall(request, settings).ok()) << NameOf(transform);
  }
  BankSettings settings = Settings();
  settings.default_dynamics.transform = Exponential();
  const absl::Status status = ParseRecall(request, settings).status();
  ExpectInvalid(status, "dynamics.exponential");
  EXPECT_THAT(std::string(status.message()), HasSubstr("the bank's default"));
}

TEST(ParseReportSeparationTest, UnsetFieldsHaveTheirDefaultsAndBounds) {
  v1::ReportSeparationRequest request;
  EXPECT_EQ(ParseReportSeparation(request, Settings())->max_pairs, 10);
  EXPECT_EQ(ParseReportSeparation(request, Settings())->bins, 20);
  request.set_max_pairs(0);
  EXPECT_EQ(ParseReportSeparation(request, Settings())->max_pairs, 0);
  request.set_max_pairs(10'001);
  ExpectInvalid(ParseReportSeparation(request, Settings()).status(), "max_pairs");
  request.set_max_pairs(10'000);
  for (const int bins : {0, 1001, -1}) {
    request.set_bins(bins);
    ExpectInvalid(ParseReportSeparation(request, Settings()).status(), "bins");
  }
}

TEST(ParseReportSeparationTest, OneSubsetIsASinglePattern) {
  v1::ReportSeparationRequest request;
  request.mutable_dynamics()->mutable_k_subsets()->set_k(1);
  EXPECT_TRUE(ParseReportSeparation(request, Settings()).ok());
  request.mutable_dynamics()->mutable_k_subsets()->set_k(2);
  ExpectInvalid(ParseReportSeparation(request, Settings()).status(), "dynamics.k_subsets");
}

}  // namespace
}  // namespace engram
