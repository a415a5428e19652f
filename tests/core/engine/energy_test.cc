#include "core/engine/energy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "core/base/error.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/dynamics_cases.h"
#include "tests/core/engine/single_update.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kDim = 6;
constexpr int64_t kCount = 30;

// A state and all that an update tells of it.
struct Evaluated {
  std::vector<double> next;
  StateEnergy energy;
  // Of the numbers that the energy is the difference of.
  double size = 0;
};

class EnergyTest : public ::testing::TestWithParam<double> {
 protected:
  EnergyTest() : bank_(kDim) {
    std::vector<float> rows(kCount * kDim);
    for (float& x : rows) x = static_cast<float>(normal_(random_));
    EXPECT_TRUE(bank_.Store(rows).ok());
  }

  Dynamics With(const Transform& transform, const PostTransform& post = IdentityPost()) const {
    Dynamics dynamics;
    dynamics.beta = GetParam();
    dynamics.transform = transform;
    dynamics.post_transform = post;
    return dynamics;
  }
  // nullopt: the state leaves the range of float32, which only unconfined transformations may do: nothing
  // else ends a trajectory below.
  std::optional<Evaluated> Evaluate(const std::vector<double>& state, const Dynamics& dynamics) {
    const BankSnapshot bank = bank_->Pin();
    const absl::StatusOr<StateUpdate> update = UpdateOf(bank, dynamics, state);
    if (!update.ok()) {
      EXPECT_FALSE(IsConfined(dynamics.transform));
      EXPECT_EQ(update.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(FindErrorDetails(update.status())->reason, "STATE_OUT_OF_RANGE");
      return std::nullopt;
    }
    Evaluated evaluated;
    evaluated.next = update->next;
    evaluated.energy = ComputeEnergy(bank, dynamics, state, *update);
    evaluated.size = 1 + std::abs(update->scaled_conjugate) + std::abs(evaluated.energy.offset) +
                     std::abs(Potential(IdentityPost(), state, 1));
    return evaluated;
  }
  // How many of `steps` steps a trajectory of a few must last until it leaves the range of float32.
  void ExpectStepCount(const TransformCase& one, const PostTransform& post, int steps, int count) const {
    if (IsConfined(one.transform)) {
      EXPECT_EQ(count, steps);
      return;
    }
    const bool is_bounded = !std::holds_alternative<IdentityPost>(post);
    const bool is_exponential = std::holds_alternative<Exponential>(one.transform);
    if (is_exponential && GetParam() > 4) {
      // exp(100 x.q) of the first state is too much already.
      EXPECT_EQ(count, 0);
    } else if (is_bounded || GetParam() <= 1e-3) {
      EXPECT_EQ(count, steps);
    } else if (std::holds_alternative<Identity>(one.transform)) {
      // Each step multiplies by beta X^T X at most.
      EXPECT_GE(count, std::min(steps, GetParam() > 4 ? 5 : 10));
    } else {
      // Powers of powers.
      EXPECT_LT(count, 5);
    }
  }
  std::vector<double> RandomState(double scale = 1) {
    std::vector<double> state(kDim);
    for (double& q : state) q = scale * normal_(random_);
    return state;
  }

  std::mt19937_64 random_{3};
  std::normal_distribution<double> normal_;
  TestBank bank_;
};

double SquaredDistance(const std::vector<double>& a, const std::vector<double>& b) {
  double squared = 0;
  for (size_t j = 0; j < a.size(); ++j) squared += (a[j] - b[j]) * (a[j] - b[j]);
  return squared;
}

TEST_P(EnergyTest, ConcaveAndConvexPartsAddUp) {
  int evaluated_count = 0;
  for (const TransformCase& one : AllCases(kCount)) {
    for (const PostTransform& post : AllPostTransforms()) {
      SCOPED_TRACE(one.name + " " + NameOf(post));
      const Dynamics dynamics = With(one.transform, post);
      for (int trial = 0; trial < 5; ++trial) {
        const auto evaluated = Evaluate(Apply(post, RandomState(), 1), dynamics);
        if (!evaluated.has_value()) continue;
        ++evaluated_count;
        const StateEnergy& energy = evaluated->energy;
        const double size = evaluated->size + std::abs(energy.concave) + std::abs(energy.convex);
        ASSERT_TRUE(std::isfinite(energy.total));
        EXPECT_NEAR(energy.total, energy.concave + energy.convex, 1e-13 * size);
      }
    }
  }
  EXPECT_GE(evaluated_count, 5 * 5 * static_cast<int>(ConfinedCases(kCount).size()));
}

TEST_P(EnergyTest, ConcavePartIsAFenchelYoungLossAndTheConvexPartASumOfSquares) {
  for (const TransformCase& one : AllCases(kCount)) {
    SCOPED_TRACE(one.name);
    // Where equal weights are outside the domain, Omega(u) is not their loss.
    const auto* subsets = std::get_if<SequentialKSubsets>(&one.transform);
    if (subsets != nullptr && std::isinf(subsets->edge())) continue;
    const bool has_bounds = one.name == "constrained_sparsemax";
    int evaluated_count = 0;
    for (int trial = 0; trial < 10; ++trial) {
      const auto evaluated = Evaluate(RandomState(), With(one.transform));
      if (!evaluated.has_value()) continue;
      ++evaluated_count;
      const StateEnergy& energy = evaluated->energy;
      const double size = evaluated->size + std::abs(energy.concave) + std::abs(energy.convex);
      if (!has_bounds) {
        EXPECT_LE(energy.concave, 1e-13 * size);
      }
      // (|q - X^T u|^2 + R^2 - |X^T u|^2) / 2, and |X^T u| <= R where the sum of the weights is fixed.
      if (IsConfined(one.transform)) {
        EXPECT_GE(energy.convex, -1e-13 * size);
      }
    }
    if (IsConfined(one.transform) || GetParam() <= 1e-3) {
      EXPECT_EQ(evaluated_count, 10);
    }
  }
}

TEST_P(EnergyTest, UpdatesDecreaseItByHalfTheSquaredStep) {
  for (const TransformCase& one : AllCases(kCount)) {
    SCOPED_TRACE(one.name);
    const Dynamics dynamics = With(one.transform);
    constexpr int kSteps = 20;
    int compared_count = 0;
    std::vector<double> state = RandomState(IsConfined(one.transform) ? 1 : 0.3);
    auto before = Evaluate(state, dynamics);
    for (int step = 0; step < kSteps && before.has_value(); ++step) {
      const auto after = Evaluate(before->next, dynamics);
      if (!after.has_value()) break;
      const double squared = SquaredDistance(state, before->next);
      const double slack = 1e-12 * (before->size + after->size);
      EXPECT_GE(before->energy.total - after->energy.total, squared / 2 - slack);
      EXPECT_NEAR(before->energy.gradient_norm, std::sqrt(squared), 1e-13 * (1 + std::sqrt(squared)));
      state = before->next;
      before = after;
      ++compared_count;
    }
    ExpectStepCount(one, IdentityPost(), kSteps, compared_count);
  }
}

TEST_P(EnergyTest, UpdatesNeverRaiseItWhateverFollowsThem) {
  for (const TransformCase& one : AllCases(kCount)) {
    for (const PostTransform& post : AllPostTransforms()) {
      SCOPED_TRACE(one.name + " " + NameOf(post));
      const Dynamics dynamics = With(one.transform, post);
      // sqrt(1 - |q|^2 / D) of layer normalisation keeps half the digits near 1; it has the factor D
      // sqrt(eps).
      const double rounding = std::holds_alternative<LayerNorm>(post) ? kDim * std::sqrt(1e-5) * 1e-7 : 0;
      constexpr int kSteps = 12;
      int compared_count = 0;
      auto before = Evaluate(Apply(post, RandomState(), GetParam()), dynamics);
      for (int step = 0; step < kSteps && before.has_value(); ++step) {
        const auto after = Evaluate(before->next, dynamics);
        if (!after.has_value()) break;
        ASSERT_TRUE(std::isfinite(before->energy.total));
        EXPECT_LE(after->energy.total,
                  before->energy.total + 1e-12 * (before->size + after->size) + rounding);
        before = after;
        ++compared_count;
      }
      ExpectStepCount(one, post, kSteps, compared_count);
    }
  }
}

TEST_P(EnergyTest, IsInfiniteOutsideTheRangeOfThePostTransformation) {
  const std::vector<double> outside(kDim, 1.5);
  for (const TransformCase& one : ConfinedCases(kCount)) {
    for (const PostTransform& post : AllPostTransforms()) {
      SCOPED_TRACE(one.name + " " + NameOf(post));
      const auto evaluated = Evaluate(outside, With(one.transform, post));
      ASSERT_TRUE(evaluated.has_value());
      const bool is_inside = std::holds_alternative<IdentityPost>(post);
      EXPECT_EQ(std::isinf(evaluated->energy.total), !is_inside);
      EXPECT_EQ(std::isinf(evaluated->energy.convex), !is_inside);
      if (!is_inside) {
        EXPECT_GT(evaluated->energy.total, 0);
      }
      EXPECT_TRUE(std::isfinite(evaluated->energy.concave));
      EXPECT_TRUE(std::isfinite(evaluated->energy.offset));
    }
  }
}

TEST_P(EnergyTest, StaysWithinItsBoundsInTheHullOfThePatterns) {
  int bounded_count = 0;
  for (const TransformCase& one : ConfinedCases(kCount)) {
    SCOPED_TRACE(one.name);
    for (int trial = 0; trial < 10; ++trial) {
      const std::vector<double> in_hull = Evaluate(RandomState(), With(one.transform))->next;
      const Evaluated evaluated = *Evaluate(in_hull, With(one.transform));
      if (std::isinf(evaluated.energy.upper_bound)) break;
      EXPECT_GE(evaluated.energy.total, -1e-12 * evaluated.size);
      EXPECT_LE(evaluated.energy.total, evaluated.energy.upper_bound * (1 + 1e-12));
      ++bounded_count;
    }
  }
  // Softmax, entmax, normmax, k-subsets, and sequences without an edge.
  EXPECT_EQ(bounded_count, 10 * (1 + 4 + 3 + 3 + 1));
}

TEST_P(EnergyTest, HasAnUpperBoundOnlyWhereOneIsProved) {
  int confined_count = 0;
  for (const TransformCase& one : AllCases(kCount)) {
    for (const PostTransform& post : AllPostTransforms()) {
      SCOPED_TRACE(one.name + " " + NameOf(post));
      const auto evaluated = Evaluate(Apply(post, RandomState(0.1), 1), With(one.transform, post));
      if (!evaluated.has_value()) continue;
      const auto* sequences = std::get_if<SequentialKSubsets>(&one.transform);
      const bool is_bounded = IsConfined(one.transform) && std::holds_alternative<IdentityPost>(post) &&
                              !std::holds_alternative<ConstrainedSparsemax>(one.transform) &&
                              (sequences == nullptr || sequences->edge() == 0);
      EXPECT_EQ(evaluated->energy.upper_bound < kInfinity, is_bounded);
      confined_count += IsConfined(one.transform);
    }
  }
  EXPECT_EQ(confined_count, static_cast<int>(ConfinedCases(kCount).size() * AllPostTransforms().size()));
}

TEST_P(EnergyTest, GradientIsTheStateMinusItsUpdate) {
  constexpr double kStep = 1e-5;
  for (const TransformCase& one : AllCases(kCount)) {
    SCOPED_TRACE(one.name);
    const bool is_confined = IsConfined(one.transform);
    if (!is_confined && GetParam() > 4) continue;  // Powers of 1000 and more.
    const Dynamics dynamics = With(one.transform);
    const std::vector<double> state = RandomState(is_confined ? 1 : 0.2);
    const auto here = Evaluate(state, dynamics);
    ASSERT_TRUE(here.has_value());
    for (int64_t j = 0; j < kDim; ++j) {
      std::vector<double> left = state;
      std::vector<double> right = state;
      left[j] -= kStep;
      right[j] += kStep;
      const double slope =
          (Evaluate(right, dynamics)->energy.total - Evaluate(left, dynamics)->energy.total) / (2 * kStep);
      const double gradient = state[j] - here->next[j];
      // Confined: the gradient has slope up to 1 + k beta M^2 where it has one; a kink adds half a step of
      // that. Others are smooth: what is left is of the order of kStep^2.
      const double bend =
          is_confined ? kStep * (1 + TotalWeight(one.transform) * GetParam() * 40) : 1e-6 * (1 + here->size);
      EXPECT_NEAR(slope, gradient, bend + 1e-9 * here->size);
    }
  }
}

TEST_P(EnergyTest, IsZeroAtAPatternThatTheUpdateKeepsWhenItHasTheLargestNorm) {
  TestBank one(2);
  ASSERT_TRUE(one.Store({3, 4}).ok());
  Dynamics dynamics;
  dynamics.beta = GetParam();
  const std::vector<double> state = {3, 4};
  const absl::StatusOr<StateUpdate> update = UpdateOf(one->Pin(), dynamics, state);
  ASSERT_TRUE(update.ok());
  EXPECT_EQ(ComputeEnergy(one->Pin(), dynamics, state, *update).total, 0);
}

TEST(EnergyPostTest, IsThatOfTheClassicalNetworkForTheIdentityAndSigns) {
  // E(q) = -beta |X q|^2 / 2 on the cube.
  TestBank bank(3);
  ASSERT_TRUE(bank.Store({1, -1, 1, 1, 1, 1}).ok());
  Dynamics dynamics;
  dynamics.beta = 0.5;
  dynamics.transform = Identity();
  dynamics.post_transform = Sign();
  const std::vector<double> state = {1, -1, -1};
  const absl::StatusOr<StateUpdate> update = UpdateOf(bank->Pin(), dynamics, state);
  ASSERT_TRUE(update.ok());
  const StateEnergy energy = ComputeEnergy(bank->Pin(), dynamics, state, *update);
  EXPECT_EQ(energy.total, -0.5 * (1 + 1) / 2);
  EXPECT_EQ(energy.offset, 0);
  EXPECT_EQ(energy.upper_bound, kInfinity);
}

// At a pattern of the largest norm that the update keeps, E is the difference of |q|^2 / 2 and Omega* / beta,
// both of the order of 1e12 here: its error may be the rounding of those, and no more.
TEST(EnergyCancellationTest, EnergyNearZeroIsTheRoundingOfItsLargePartsAndNoMore) {
  constexpr double kNorm = 1.5e6;
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({static_cast<float>(kNorm), 0, 0, static_cast<float>(kNorm), -1, 1}).ok());
  for (const Transform& transform :
       {Transform(Softmax()), Transform(*Entmax::Make(1.5)), Transform(*Entmax::Make(2)),
        Transform(*Normmax::Make(5)), Transform(*KSubsets::Make(1))}) {
    for (const double beta : {1e-3, 1.0, 1e9}) {
      SCOPED_TRACE(testing::Message() << NameOf(transform) << " beta " << beta);
      Dynamics dynamics;
      dynamics.transform = transform;
      dynamics.beta = beta;
      // The pattern itself, and a state beside it whose update is the pattern.
      const std::vector<double> pattern = {kNorm, 0};
      const std::vector<double> beside = {kNorm, 0.5};
      const auto at_pattern = UpdateOf(bank->Pin(), dynamics, pattern);
      const auto at_beside = UpdateOf(bank->Pin(), dynamics, beside);
      ASSERT_TRUE(at_pattern.ok() && at_beside.ok());
      ASSERT_EQ(at_beside->next, pattern);
      // R^2 / 2 - Omega* / beta + |q|^2 / 2: four units in the last place of the largest.
      const double rounding = 4 * kNorm * kNorm * 0x1p-52;
      const StateEnergy zero = ComputeEnergy(bank->Pin(), dynamics, pattern, *at_pattern);
      // What is left is -Omega(u) / beta.
      EXPECT_NEAR(zero.total, -UniformNegentropy(transform, 3) / beta, rounding);
      // |q - x|^2 / 2 above it.
      const StateEnergy above = ComputeEnergy(bank->Pin(), dynamics, beside, *at_beside);
      EXPECT_NEAR(above.total - zero.total, 0.125, rounding);
      EXPECT_GE(above.total - zero.total, SquaredDistance(beside, pattern) / 2 - rounding);
      EXPECT_NEAR(zero.concave + zero.convex, zero.total, 2 * rounding);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Betas, EnergyTest, ::testing::Values(1e-3, 0.3, 1.0, 4.0, 100.0));

}  // namespace
}  // namespace engram
