// Retrievals with `fast`: streamed softmax updates through the engine, against exact ones.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "core/transform/post_transform_error.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/answer.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 31;
constexpr int64_t kDim = 24;
constexpr int64_t kValueDim = 3;
constexpr int64_t kCount = 3000;

double Distance(absl::Span<const double> a, absl::Span<const double> b) {
  double squared = 0;
  for (size_t j = 0; j < a.size(); ++j) squared += (a[j] - b[j]) * (a[j] - b[j]);
  return std::sqrt(squared);
}

class FastTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::normal_distribution<float> normal;
    for (float& x : rows_) x = normal(random_);
    for (float& v : values_) v = normal(random_);
    PatternRows batch;
    batch.patterns = {rows_.data(), kCount, kDim};
    batch.values = {values_.data(), kCount, kValueDim};
    ASSERT_TRUE(bank_->Store(batch).ok());
    ASSERT_TRUE(bank_->Delete({4, 64, 1000}, false).ok());
  }

  RetrieveCall Call(int64_t queries, const Transform& transform = Softmax()) {
    std::normal_distribution<double> normal;
    RetrieveCall call;
    call.dynamics.transform = transform;
    call.dynamics.beta = 0.8;
    call.dynamics.max_iterations = 1;
    call.states.resize(queries * kDim);
    for (double& q : call.states) q = normal(random_);
    call.fast = true;
    return call;
  }

  static std::vector<Retrieval> Ask(Engine* engine, const BankSnapshot& bank, const RetrieveCall& call) {
    absl::StatusOr<RetrieveResult> result = RetrieveAndWait(engine, bank, call);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? std::move(result->retrievals) : std::vector<Retrieval>();
  }

  std::mt19937_64 random_{kSeed};
  std::vector<float> rows_ = std::vector<float>(kCount * kDim);
  std::vector<float> values_ = std::vector<float>(kCount * kValueDim);
  TestBank bank_{kDim, kValueDim};
};

TEST_F(FastTest, IsWithinItsBoundOfTheExactAnswerForEveryPostTransformation) {
  const BankSnapshot snapshot = bank_->Pin();
  const auto engine = TestEngine::Cpu(2);
  for (const PostTransform& post :
       {PostTransform(IdentityPost()), PostTransform(L2Normalize()), PostTransform(*LayerNorm::Make(1e-5)),
        PostTransform(Tanh()), PostTransform(Sign())}) {
    for (const double beta : {1e-3, 0.8, 5.0, 1e4}) {
      SCOPED_TRACE(testing::Message() << NameOf(post) << " beta " << beta);
      RetrieveCall call = Call(5);
      call.dynamics.post_transform = post;
      call.dynamics.beta = beta;
      const std::vector<Retrieval> fast = Ask(engine->get(), snapshot, call);
      call.fast = false;
      const std::vector<Retrieval> exact = Ask(engine->get(), snapshot, call);
      for (size_t b = 0; b < fast.size(); ++b) {
        ASSERT_TRUE(fast[b].error_bound.has_value());
        EXPECT_FALSE(exact[b].error_bound.has_value());
        // The one that is returned is rounded to float32.
        const std::vector<float> rounded(fast[b].state.begin(), fast[b].state.end());
        const std::vector<double> returned(rounded.begin(), rounded.end());
        EXPECT_LE(Distance(fast[b].state, exact[b].state), *fast[b].error_bound);
        EXPECT_LE(Distance(returned, exact[b].state), *fast[b].error_bound);
      }
    }
  }
}

TEST_F(FastTest, HasTheSupportTheValueAndTheEnergiesOfTheExactAnswerUpToRounding) {
  const BankSnapshot snapshot = bank_->Pin();
  const auto engine = TestEngine::Cpu(1);
  RetrieveCall call = Call(4);
  call.max_support = 20;
  const std::vector<Retrieval> fast = Ask(engine->get(), snapshot, call);
  call.fast = false;
  const std::vector<Retrieval> exact = Ask(engine->get(), snapshot, call);
  for (size_t b = 0; b < fast.size(); ++b) {
    EXPECT_EQ(fast[b].support_size, exact[b].support_size);
    ASSERT_EQ(fast[b].support.size(), 20u);
    for (size_t i = 0; i < 20; ++i) {
      EXPECT_EQ(fast[b].support[i].id, exact[b].support[i].id);
      EXPECT_NEAR(fast[b].weights[i], exact[b].weights[i], 1e-5 * exact[b].weights[i]);
    }
    EXPECT_LE(Distance(fast[b].value, exact[b].value), 1e-5);
    EXPECT_NEAR(*fast[b].energy_before, *exact[b].energy_before, 1e-5);
    EXPECT_NEAR(*fast[b].energy_after, *exact[b].energy_after, 1e-5);
    EXPECT_EQ(fast[b].sweeps, exact[b].sweeps);
    EXPECT_EQ(fast[b].total_weight, 1);
  }
}

TEST_F(FastTest, StopsByTheSameRuleAndIsNeverCalledExact) {
  const BankSnapshot snapshot = bank_->Pin();
  const auto engine = TestEngine::Cpu(0);
  RetrieveCall call = Call(1);
  call.states.assign(rows_.begin(), rows_.begin() + kDim);
  call.dynamics.max_iterations = 50;
  call.dynamics.beta = 100;
  const Retrieval alone = Ask(engine->get(), snapshot, call).front();
  EXPECT_EQ(alone.stop_reason, StopReason::kFixedPoint);
  EXPECT_EQ(alone.support.front().id, 0u);
  EXPECT_EQ(alone.state, call.states);
  EXPECT_FALSE(alone.exact);
  // 34 u |x| for the sums, and as much again for weight that rounding may have hidden: |x| is about 5.
  EXPECT_LE(*alone.error_bound, 4 * 34 * 0x1p-24 * 5);
  call.dynamics.beta = 1;
  call.dynamics.tolerance = 1e-3;
  EXPECT_EQ(Ask(engine->get(), snapshot, call).front().stop_reason, StopReason::kTolerance);
}

TEST_F(FastTest, OtherTransformationsAreExactAndUnmarked) {
  const BankSnapshot snapshot = bank_->Pin();
  const auto engine = TestEngine::Cpu(0);
  for (const Transform& transform : {Transform(*Entmax::Make(1.5)), Transform(*KSubsets::Make(3))}) {
    RetrieveCall call = Call(2, transform);
    const std::vector<Retrieval> asked = Ask(engine->get(), snapshot, call);
    call.fast = false;
    const std::vector<Retrieval> exact = Ask(engine->get(), snapshot, call);
    for (size_t b = 0; b < exact.size(); ++b) {
      EXPECT_EQ(asked[b].state, exact[b].state);
      EXPECT_FALSE(asked[b].error_bound.has_value());
    }
  }
}

TEST_F(FastTest, FastAndExactQueriesShareATurnWithoutTouchingEachOther) {
  const BankSnapshot snapshot = bank_->Pin();
  const auto engine = TestEngine::Cpu(2);
  RetrieveCall fast = Call(6);
  fast.dynamics.max_iterations = 4;
  RetrieveCall exact = fast;
  exact.fast = false;
  const std::vector<Retrieval> fast_alone = Ask(engine->get(), snapshot, fast);
  const std::vector<Retrieval> exact_alone = Ask(engine->get(), snapshot, exact);
  std::vector<Answer<RetrieveResult>> answers(8);
  for (size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(engine->get()->Retrieve(snapshot, i % 2 == 0 ? fast : exact, answers[i].Taker()).ok());
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    const absl::StatusOr<RetrieveResult> result = answers[i].Await();
    ASSERT_TRUE(result.ok()) << result.status();
    for (size_t b = 0; b < 6; ++b) {
      EXPECT_EQ(result->retrievals[b].state, (i % 2 == 0 ? fast_alone : exact_alone)[b].state);
    }
  }
}

TEST(PostTransformErrorTest, NoPointWithinTheErrorMovesFarther) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  for (const PostTransform& post :
       {PostTransform(IdentityPost()), PostTransform(L2Normalize()), PostTransform(*LayerNorm::Make(1e-2)),
        PostTransform(Tanh()), PostTransform(Sign())}) {
    for (const double error : {0.0, 1e-6, 0.1, 1.0, 30.0}) {
      for (int i = 0; i < 500; ++i) {
        std::vector<double> z(1 + i % 6);
        std::vector<double> step(z.size());
        for (double& x : z) x = normal(random);
        for (double& x : step) x = normal(random);
        const double size = Distance(step, std::vector<double>(step.size(), 0.0));
        std::vector<double> moved = z;
        for (size_t j = 0; j < z.size(); ++j) moved[j] += error * (1 - 1e-9) * step[j] / size;
        const double beta = std::exp(normal(random));
        const double bound = ErrorAfter(post, z, beta, error);
        EXPECT_LE(Distance(Apply(post, z, beta), Apply(post, moved, beta)), bound * (1 + 1e-12) + 1e-14)
            << NameOf(post) << " error " << error;
      }
    }
  }
}

}  // namespace
}  // namespace engram
