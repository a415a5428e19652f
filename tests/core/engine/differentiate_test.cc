// Gradients through the engine against central differences of a re-implementation in double precision, whose
// patterns can move by less than float32 can.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/dynamics_cases.h"
#include "tests/core/engine/plain_update.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Vector = std::vector<double>;

constexpr int64_t kCount = 9;
constexpr int64_t kDim = 5;
constexpr int64_t kValueDim = 3;

// What is differentiated: <state cotangent, q_n> + <value cotangent, value of the last update>.
struct Problem {
  PlainBank bank;
  Vector query;
  double beta = 1;
  Vector state_cotangent;
  Vector value_cotangent;

  double Evaluate(Dynamics dynamics) const {
    dynamics.beta = beta;
    PlainUpdate update;
    update.next = query;
    for (int n = 0; n < dynamics.max_iterations; ++n) update = PlainUpdateOf(bank, dynamics, update.next);
    return PlainDot(state_cotangent, update.next) + PlainDot(value_cotangent, update.value);
  }
};

class DifferentiateTest : public ::testing::Test {
 protected:
  DifferentiateTest() : bank_(kDim, kValueDim) {
    std::normal_distribution<float> normal;
    const auto matrix = [&](int64_t cols, std::vector<float>* rows, std::vector<Vector>* plain) {
      for (int64_t i = 0; i < kCount; ++i) {
        plain->emplace_back();
        for (int64_t j = 0; j < cols; ++j) {
          rows->push_back(0.6F * normal(random_));
          plain->back().push_back(rows->back());
        }
      }
    };
    std::vector<float> rows;
    std::vector<float> values;
    matrix(kDim, &rows, &problem_.bank.patterns);
    matrix(kValueDim, &values, &problem_.bank.values);
    PatternRows batch;
    batch.patterns = {rows.data(), kCount, kDim};
    batch.values = {values.data(), kCount, kValueDim};
    EXPECT_TRUE(bank_->Store(batch).ok());
    for (int64_t j = 0; j < kDim; ++j) {
      problem_.query.push_back(normal(random_));
      problem_.state_cotangent.push_back(normal(random_));
    }
    for (int64_t j = 0; j < kValueDim; ++j) problem_.value_cotangent.push_back(normal(random_));
  }

  absl::StatusOr<RetrievalGradient> Differentiate(const Dynamics& dynamics) {
    return DifferentiateOn(&engine_, dynamics);
  }
  absl::StatusOr<RetrievalGradient> DifferentiateOn(TestEngine* engine, const Dynamics& dynamics) {
    DifferentiateCall call;
    call.dynamics = dynamics;
    call.dynamics.beta = problem_.beta;
    call.states = problem_.query;
    call.state_cotangents = problem_.state_cotangent;
    call.value_cotangents = problem_.value_cotangent;
    auto result = DifferentiateAndWait(engine->get(), bank_->Pin(), call);
    if (!result.ok()) return result.status();
    return result->gradients.front();
  }

  // Compares `actual` with the derivative of the problem by `*number`. Where the two one-sided derivatives
  // differ, there is a change of support between them, and nothing to compare.
  void ExpectDerivative(const Dynamics& dynamics, double* number, double actual) {
    constexpr double kStep = 1e-6;
    const double at = *number;
    const auto value_at = [&](double x) {
      *number = x;
      return problem_.Evaluate(dynamics);
    };
    const double left = (value_at(at) - value_at(at - kStep)) / kStep;
    const double right = (value_at(at + kStep) - value_at(at)) / kStep;
    *number = at;
    const double size = 1 + std::abs(left) + std::abs(right);
    ++derivative_count_;
    if (std::abs(left - right) > 1e-3 * size) return;
    ++compared_count_;
    // Rounding of values of order 1 and third derivatives: 1e-10 and 1e-12 times those.
    EXPECT_NEAR(actual, (left + right) / 2, 2e-6 * size);
  }

  // Compares all gradients of `dynamics` at the problem.
  void ExpectGradients(const Dynamics& dynamics) {
    const absl::StatusOr<RetrievalGradient> gradient = Differentiate(dynamics);
    ASSERT_TRUE(gradient.ok()) << gradient.status();
    for (int64_t j = 0; j < kDim; ++j) {
      SCOPED_TRACE(testing::Message() << "query " << j);
      ExpectDerivative(dynamics, &problem_.query[j], gradient->query[j]);
    }
    {
      SCOPED_TRACE("beta");
      ExpectDerivative(dynamics, &problem_.beta, gradient->beta);
    }
    EXPECT_TRUE(std::is_sorted(gradient->ids.begin(), gradient->ids.end()));
    for (int64_t i = 0; i < kCount; ++i) {
      SCOPED_TRACE(testing::Message() << "pattern " << i);
      const auto place = std::find(gradient->ids.begin(), gradient->ids.end(), static_cast<uint64_t>(i)) -
                         gradient->ids.begin();
      const bool is_there = place < static_cast<int64_t>(gradient->ids.size());
      for (int64_t j = 0; j < kDim; j += 2) {
        ExpectDerivative(dynamics, &problem_.bank.patterns[i][j],
                         is_there ? gradient->patterns[place * kDim + j] : 0.0);
      }
      ExpectDerivative(dynamics, &problem_.bank.values[i][1],
                       is_there ? gradient->values[place * kValueDim + 1] : 0.0);
    }
  }

  std::mt19937_64 random_{23};
  TestBank bank_;
  TestEngine engine_;
  Problem problem_;
  int derivative_count_ = 0;
  int compared_count_ = 0;
};

// The dynamics of a case, which stays where its updates neither vanish nor explode.
Dynamics DynamicsOf(const Transform& transform, const PostTransform& post, int updates) {
  Dynamics dynamics;
  dynamics.transform = transform;
  dynamics.post_transform = post;
  dynamics.max_iterations = updates;
  return dynamics;
}

TEST_F(DifferentiateTest, GradientsAreThoseOfCentralDifferencesForEveryTransformation) {
  for (const TransformCase& one : AllCases(kCount)) {
    for (const PostTransform& post : AllPostTransforms()) {
      // The sign has slope 0 and jumps: see below.
      if (std::holds_alternative<Sign>(post)) continue;
      for (const int updates : {1, 2, 5}) {
        // Weights and states without bound: a few updates leave the range of float32.
        const bool is_bounded = IsConfined(one.transform) || !std::holds_alternative<IdentityPost>(post);
        if (!is_bounded && updates > 2) continue;
        SCOPED_TRACE(testing::Message() << one.name << " " << NameOf(post) << ", " << updates << " updates");
        problem_.beta = IsConfined(one.transform) ? 1.3 : 0.25;
        ExpectGradients(DynamicsOf(one.transform, post, updates));
      }
    }
  }
  EXPECT_GT(compared_count_, derivative_count_ * 9 / 10);
}

TEST_F(DifferentiateTest, BetaOfTanhCountsWhereTheScoresDoNotDependOnIt) {
  // All weights are 1 whatever beta is.
  const Dynamics dynamics = DynamicsOf(*KSubsets::Make(kCount), Tanh(), 1);
  const absl::StatusOr<RetrievalGradient> gradient = Differentiate(dynamics);
  ASSERT_TRUE(gradient.ok());
  const Vector sum = PlainSum(problem_.bank.patterns, Vector(kCount, 1.0));
  double expected = 0;
  for (int64_t j = 0; j < kDim; ++j) {
    expected += problem_.state_cotangent[j] * sum[j] * (1 - std::pow(std::tanh(problem_.beta * sum[j]), 2));
  }
  EXPECT_NEAR(gradient->beta, expected, 1e-13);
  EXPECT_GT(std::abs(expected), 1e-3);
}

TEST_F(DifferentiateTest, SignsHaveNoSlopeAndValuesKeepTheirs) {
  Dynamics dynamics = DynamicsOf(Softmax(), Sign(), 1);
  const absl::StatusOr<RetrievalGradient> gradient = Differentiate(dynamics);
  ASSERT_TRUE(gradient.ok());
  // The last update's value does not go through the sign.
  problem_.state_cotangent.assign(kDim, 0.0);
  dynamics.post_transform = IdentityPost();
  const absl::StatusOr<RetrievalGradient> of_value = Differentiate(dynamics);
  EXPECT_EQ(gradient->query, of_value->query);
  EXPECT_EQ(gradient->values, of_value->values);
  // Two updates: nothing comes through the first.
  dynamics = DynamicsOf(Softmax(), Sign(), 2);
  EXPECT_THAT(Differentiate(dynamics)->query, ElementsAre(0, 0, 0, 0, 0));
}

TEST_F(DifferentiateTest, IntegralSubsetsDoNotMove) {
  for (const Transform& transform :
       {Transform(*KSubsets::Make(2)), Transform(*SequentialKSubsets::Make(2, 0.1)),
        Transform(*Entmax::Make(2)), Transform(*Normmax::Make(2))}) {
    SCOPED_TRACE(NameOf(transform));
    problem_.beta = 1e4;
    const absl::StatusOr<RetrievalGradient> gradient =
        Differentiate(DynamicsOf(transform, IdentityPost(), 1));
    ASSERT_TRUE(gradient.ok());
    EXPECT_THAT(gradient->query, ElementsAre(0, 0, 0, 0, 0));
    EXPECT_EQ(gradient->beta, 0);
    // The patterns that were chosen are the state: each takes the cotangent as it is.
    ASSERT_EQ(gradient->ids.size(), static_cast<size_t>(TotalWeight(transform)));
    for (size_t i = 0; i < gradient->ids.size(); ++i) {
      for (int64_t j = 0; j < kDim; ++j) {
        EXPECT_EQ(gradient->patterns[i * kDim + j], problem_.state_cotangent[j]);
      }
      for (int64_t j = 0; j < kValueDim; ++j) {
        EXPECT_EQ(gradient->values[i * kValueDim + j], problem_.value_cotangent[j]);
      }
    }
  }
}

TEST_F(DifferentiateTest, OnlyPatternsThatTookPartHaveAGradient) {
  problem_.beta = 1.3;
  Dynamics dynamics = DynamicsOf(*Entmax::Make(2), IdentityPost(), 3);
  const absl::StatusOr<RetrievalGradient> gradient = Differentiate(dynamics);
  ASSERT_TRUE(gradient.ok());
  std::vector<uint64_t> took_part;
  dynamics.beta = problem_.beta;
  std::vector<bool> seen(kCount);
  Vector state = problem_.query;
  for (int n = 0; n < 3; ++n) {
    const PlainUpdate update = PlainUpdateOf(problem_.bank, dynamics, state);
    for (int64_t i = 0; i < kCount; ++i) seen[i] = seen[i] || update.weights[i] > 0;
    state = update.next;
  }
  for (uint64_t i = 0; i < kCount; ++i) {
    if (seen[i]) took_part.push_back(i);
  }
  EXPECT_LT(took_part.size(), static_cast<size_t>(kCount));
  EXPECT_EQ(gradient->ids, took_part);
}

TEST_F(DifferentiateTest, PatternWithoutWeightHasASlopeAtTheRootOfAPower) {
  // theta = 0 at one pattern: no weight under the identity, yet its score moves the state.
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 0, 1}).ok());
  TestEngine engine;
  DifferentiateCall call;
  call.dynamics = DynamicsOf(Identity(), IdentityPost(), 1);
  call.states = {1, 0};
  call.state_cotangents = {0, 1};
  const auto result = DifferentiateAndWait(engine.get(), bank->Pin(), call);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->gradients[0].query, ElementsAre(0, 1));
  EXPECT_THAT(result->gradients[0].ids, ElementsAre(0, 1));
}

TEST_F(DifferentiateTest, UpdatesDoNotStopAtAFixedPoint) {
  TestBank bank(1);
  ASSERT_TRUE(bank.Store({2}).ok());
  TestEngine engine;
  DifferentiateCall call;
  call.dynamics = DynamicsOf(Softmax(), Tanh(), 3);
  call.states = {1};
  call.state_cotangents = {1};
  const auto result = DifferentiateAndWait(engine.get(), bank->Pin(), call);
  ASSERT_TRUE(result.ok());
  // One pattern: the state is tanh(2) after each update, and only the last one's pattern counts.
  const double slope = 1 - std::pow(std::tanh(2), 2);
  EXPECT_THAT(result->gradients[0].query, ElementsAre(0));
  EXPECT_NEAR(result->gradients[0].patterns[0], slope, 1e-15);
}

TEST_F(DifferentiateTest, EachQueryHasItsOwnGradients) {
  DifferentiateCall call;
  call.dynamics = DynamicsOf(*Entmax::Make(1.5), IdentityPost(), 2);
  call.states = problem_.query;
  call.states.insert(call.states.end(), kDim, 0.1);
  call.state_cotangents = problem_.state_cotangent;
  call.state_cotangents.insert(call.state_cotangents.end(), kDim, -1);
  const auto both = DifferentiateAndWait(engine_.get(), bank_->Pin(), call);
  ASSERT_TRUE(both.ok());
  ASSERT_EQ(both->gradients.size(), 2u);
  for (int64_t b = 0; b < 2; ++b) {
    DifferentiateCall alone = call;
    alone.states.assign(call.states.begin() + b * kDim, call.states.begin() + (b + 1) * kDim);
    alone.state_cotangents.assign(call.state_cotangents.begin() + b * kDim,
                                  call.state_cotangents.begin() + (b + 1) * kDim);
    const auto one = DifferentiateAndWait(engine_.get(), bank_->Pin(), alone);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->gradients[0].query, both->gradients[b].query);
    EXPECT_EQ(one->gradients[0].patterns, both->gradients[b].patterns);
  }
  EXPECT_NE(both->gradients[0].query, both->gradients[1].query);
}

TEST_F(DifferentiateTest, TrajectoryOverTheLimitIsResourceExhausted) {
  const Dynamics dynamics = DynamicsOf(Softmax(), IdentityPost(), 4);
  // Four states, four times nine members with a weight, and gradients of nine patterns.
  const int64_t bytes = 8 * (4 * kDim + kCount * (kDim + kValueDim + 4)) +
                        4 * kCount * (static_cast<int64_t>(sizeof(Survivor)) + 16);
  EngineOptions options;
  options.scratch_bytes = bytes;
  TestEngine enough(options);
  // What the first took is given back.
  EXPECT_TRUE(DifferentiateOn(&enough, dynamics).ok());
  EXPECT_TRUE(DifferentiateOn(&enough, dynamics).ok());
  options.scratch_bytes = bytes - 1;
  TestEngine too_little(options);
  const absl::Status status = DifferentiateOn(&too_little, dynamics).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("dynamics.max_iterations"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("limit ", bytes - 1)));
  EXPECT_EQ(FindErrorDetails(status)->reason, "TRAJECTORY_TOO_LARGE");
}

// At the boundary between two patterns every update doubles the gradient's exponent.
TEST_F(DifferentiateTest, GradientThatNoDoubleCanBeIsAnError) {
  TestBank pair(1);
  ASSERT_TRUE(pair.Store({1, -1}).ok());
  DifferentiateCall call;
  call.dynamics = DynamicsOf(*Entmax::Make(1.5), IdentityPost(), 12);
  call.dynamics.beta = 1e30;
  call.states = {0};
  call.state_cotangents = {1};
  TestEngine engine;
  const absl::Status status = DifferentiateAndWait(engine.get(), pair->Pin(), call).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindErrorDetails(status)->reason, "GRADIENT_OUT_OF_RANGE");
}

}  // namespace
}  // namespace engram
