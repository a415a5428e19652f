#include "core/engine/energy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

constexpr int64_t kDim = 6;
constexpr int64_t kCount = 30;

class EnergyTest : public ::testing::TestWithParam<double> {
 protected:
  EnergyTest() : bank_(kDim) {
    std::vector<float> rows(kCount * kDim);
    for (float& x : rows) x = static_cast<float>(normal_(random_));
    EXPECT_TRUE(bank_.Store(rows).ok());
  }

  static std::vector<Transform> Transforms() {
    std::vector<Transform> transforms = {Softmax(), *KSubsets::Make(2), *KSubsets::Make(5),
                                         *KSubsets::Make(kCount)};
    for (const double alpha : {1.2, 1.5, 2.0, 3.0}) transforms.push_back(*Entmax::Make(alpha));
    return transforms;
  }
  Dynamics With(const Transform& transform) const {
    Dynamics dynamics;
    dynamics.beta = GetParam();
    dynamics.transform = transform;
    return dynamics;
  }
  StateUpdate Update(const std::vector<double>& state, const Dynamics& dynamics) {
    const BankSnapshot snapshot = bank_->Pin();
    const SweepState sweep{state, Cut(dynamics.transform, dynamics.beta, kCount), snapshot.version()};
    SurvivorList survivors;
    EXPECT_TRUE(ReferenceSweeper()
                    .Sweep(snapshot, absl::MakeConstSpan(&sweep, 1), absl::MakeSpan(&survivors, 1))
                    .ok());
    return ComputeStateUpdate(snapshot, dynamics, &survivors);
  }
  StateEnergy Energy(const std::vector<double>& state, const Dynamics& dynamics) {
    return ComputeEnergy(bank_->Pin(), dynamics, state, Update(state, dynamics));
  }
  std::vector<double> RandomState() {
    std::vector<double> state(kDim);
    for (double& q : state) q = normal_(random_);
    return state;
  }

  std::mt19937_64 random_{3};
  std::normal_distribution<double> normal_;
  TestBank bank_;
};

TEST_P(EnergyTest, ConcaveAndConvexPartsAddUpAndHaveTheirSigns) {
  for (const Transform& transform : Transforms()) {
    SCOPED_TRACE(NameOf(transform));
    for (int trial = 0; trial < 10; ++trial) {
      const StateEnergy energy = Energy(RandomState(), With(transform));
      const double size = std::abs(energy.concave) + std::abs(energy.convex) + std::abs(energy.offset);
      EXPECT_NEAR(energy.total, energy.concave + energy.convex, 1e-13 * size);
      // A Fenchel-Young loss is never negative; the convex part is a sum of squares, as |X^T u| <= R.
      EXPECT_LE(energy.concave, 1e-13 * size);
      EXPECT_GE(energy.convex, -1e-13 * size);
    }
  }
}

TEST_P(EnergyTest, UpdatesDecreaseItByHalfTheSquaredStep) {
  for (const Transform& transform : Transforms()) {
    SCOPED_TRACE(NameOf(transform));
    const Dynamics dynamics = With(transform);
    std::vector<double> state = RandomState();
    for (int step = 0; step < 20; ++step) {
      const StateEnergy before = Energy(state, dynamics);
      const std::vector<double> next = Update(state, dynamics).next;
      const StateEnergy after = Energy(next, dynamics);
      double squared = 0;
      for (int64_t j = 0; j < kDim; ++j) squared += (next[j] - state[j]) * (next[j] - state[j]);
      EXPECT_GE(before.total - after.total, squared / 2 - 1e-12 * (1 + std::abs(before.total)));
      EXPECT_NEAR(before.gradient_norm, std::sqrt(squared), 1e-13 * (1 + std::sqrt(squared)));
      state = next;
    }
  }
}

TEST_P(EnergyTest, StaysWithinItsBoundsInTheHullOfThePatterns) {
  for (const Transform& transform : Transforms()) {
    SCOPED_TRACE(NameOf(transform));
    for (int trial = 0; trial < 10; ++trial) {
      const std::vector<double> in_hull = Update(RandomState(), With(transform)).next;
      const StateEnergy energy = Energy(in_hull, With(transform));
      EXPECT_GE(energy.total, -1e-12 * energy.offset);
      EXPECT_LE(energy.total, energy.upper_bound * (1 + 1e-12));
    }
  }
}

TEST_P(EnergyTest, GradientIsTheStateMinusItsUpdate) {
  constexpr double kStep = 1e-5;
  for (const Transform& transform : Transforms()) {
    SCOPED_TRACE(NameOf(transform));
    const Dynamics dynamics = With(transform);
    const std::vector<double> state = RandomState();
    const std::vector<double> next = Update(state, dynamics).next;
    for (int64_t j = 0; j < kDim; ++j) {
      std::vector<double> left = state;
      std::vector<double> right = state;
      left[j] -= kStep;
      right[j] += kStep;
      const double slope = (Energy(right, dynamics).total - Energy(left, dynamics).total) / (2 * kStep);
      // The gradient has slope up to 1 + k beta M^2 where it has one; a kink adds half a step of that.
      const double curvature = 1 + TotalWeight(transform) * GetParam() * 40;
      EXPECT_NEAR(slope, state[j] - next[j], kStep * curvature + 1e-9 * (1 + std::abs(slope)));
    }
  }
}

TEST_P(EnergyTest, IsZeroAtAPatternThatTheUpdateKeepsWhenItHasTheLargestNorm) {
  TestBank one(2);
  ASSERT_TRUE(one.Store({3, 4}).ok());
  Dynamics dynamics;
  dynamics.beta = GetParam();
  const BankSnapshot snapshot = one->Pin();
  const std::vector<double> state = {3, 4};
  SurvivorList survivors = {{25, 0, {0, 0}}};
  const StateUpdate update = ComputeStateUpdate(snapshot, dynamics, &survivors);
  EXPECT_EQ(ComputeEnergy(snapshot, dynamics, state, update).total, 0);
}

INSTANTIATE_TEST_SUITE_P(Betas, EnergyTest, ::testing::Values(1e-3, 0.3, 1.0, 4.0, 100.0));

}  // namespace
}  // namespace engram
