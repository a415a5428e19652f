// Updates and energies against tests/golden/hopfield_update.json and energy_trajectory.json, twice: in double
// precision, through the transformations alone, and through a bank, whose patterns are float32.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/engine/energy.h"
#include "tests/core/engine/golden_problem.h"
#include "tests/core/engine/single_update.h"

namespace engram {
namespace {

using nlohmann::json;
using Vector = std::vector<double>;

// Our energy from the golden one,
//
//   -Omega'*(beta X q) / beta + |q|^2 / 2 + M^2 / 2 - [Omega'(u) / beta, on the simplex alone],
//
// whose Omega' is our Omega + k / 2 for k-subsets, so that Omega'* is k / 2 less, and twice ours - N / 2
// for sequences at half the beta (see GoldenDynamics). Ours has k^2 M^2 / 2 and always Omega(u).
double OurEnergy(double golden, const GoldenProblem& problem, const GoldenDynamics& with) {
  const Transform& transform = with.dynamics.transform;
  const double k = TotalWeight(transform);
  const double beta = with.dynamics.beta;
  const auto count = static_cast<double>(problem.pattern_count());
  double without_constants = golden;
  if (std::holds_alternative<KSubsets>(transform)) {
    without_constants -= k / (2 * beta);
  } else if (with.halves_beta) {
    without_constants -= count / (2 * (2 * beta));
  } else {
    return golden;
  }
  const double squared_norm = std::pow(problem.LargestNorm(), 2);
  return without_constants - squared_norm / 2 - UniformNegentropy(transform, problem.pattern_count()) / beta +
         k * k * squared_norm / 2;
}

double PlainEnergy(const GoldenProblem& problem, const Vector& state, const Dynamics& dynamics) {
  const double radius = TotalWeight(dynamics.transform) * problem.LargestNorm();
  return -PlainUpdateOf(problem.bank, dynamics, state).conjugate / dynamics.beta +
         PlainDot(state, state) / 2 -
         UniformNegentropy(dynamics.transform, problem.pattern_count()) / dynamics.beta + radius * radius / 2;
}

double SquaredDistance(const Vector& a, const Vector& b) {
  double squared = 0;
  for (size_t j = 0; j < a.size(); ++j) squared += (a[j] - b[j]) * (a[j] - b[j]);
  return squared;
}

// How far rounding the patterns to float32 may move a state: the scores move by beta 2^-24 |x| |q|, the
// weights of a map with Lipschitz constant 1 by that times sqrt N, and the sum of N patterns follows.
double Float32Slack(const GoldenProblem& problem, const Dynamics& dynamics) {
  const double norm = problem.LargestNorm();
  const auto count = static_cast<double>(problem.pattern_count());
  const double state = std::sqrt(PlainDot(problem.query, problem.query));
  return 0x1p-24 * norm * (TotalWeight(dynamics.transform) + count * dynamics.beta * norm * state);
}

// For SCOPED_TRACE.
testing::Message Describe(const json& golden) {
  return testing::Message() << golden.at("name") << " " << golden.at("transform") << " beta "
                            << golden.at("beta");
}

TEST(UpdateGoldenTest, OneUpdateMatchesTheReference) {
  const GoldenFile file("hopfield_update.json");
  ASSERT_EQ(file.cases().size(), 141u);
  for (const json& golden : file.cases()) {
    SCOPED_TRACE(Describe(golden));
    const GoldenDynamics with(golden);
    const GoldenProblem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q");
    const PlainUpdate update = PlainUpdateOf(problem.bank, with.dynamics, problem.query);
    const Vector weights = GoldenFile::Vector(golden.at("p"));
    const Vector next = GoldenFile::Vector(golden.at("q_next"));
    // The reference stops its search for sequences at a gap of 1e-9; it agrees with 3e-12.
    const double tolerance = with.IsSteep() ? 1e-8 : with.halves_beta ? 1e-11 : 1e-12;
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(update.weights[i], weights[i], tolerance);
    for (size_t j = 0; j < next.size(); ++j) EXPECT_NEAR(update.next[j], next[j], 10 * tolerance);
    if (with.IsSteep()) continue;  // No Lipschitz constant.
    TestBank bank(static_cast<int64_t>(problem.query.size()));
    problem.StoreIn(&bank);
    const absl::StatusOr<StateUpdate> in_bank = UpdateOf(bank->Pin(), with.dynamics, problem.query);
    ASSERT_TRUE(in_bank.ok());
    for (size_t j = 0; j < next.size(); ++j) {
      EXPECT_NEAR(in_bank->next[j], next[j], Float32Slack(problem, with.dynamics));
    }
  }
}

TEST(UpdateGoldenTest, EnergiesAlongTrajectoriesMatchTheReference) {
  const GoldenFile file("energy_trajectory.json");
  ASSERT_EQ(file.cases().size(), 94u);
  for (const json& golden : file.cases()) {
    SCOPED_TRACE(Describe(golden));
    const GoldenDynamics with(golden);
    const GoldenProblem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q0");
    TestBank bank(static_cast<int64_t>(problem.query.size()));
    problem.StoreIn(&bank);
    Vector state = problem.query;
    for (const json& golden_energy : golden.at("energy")) {
      const double expected = OurEnergy(golden_energy, problem, with);
      const double size = std::max(1.0, std::abs(expected));
      EXPECT_NEAR(PlainEnergy(problem, state, with.dynamics), expected, 2e-12 * size);
      const absl::StatusOr<StateUpdate> in_bank = UpdateOf(bank->Pin(), with.dynamics, state);
      ASSERT_TRUE(in_bank.ok());
      EXPECT_NEAR(ComputeEnergy(bank->Pin(), with.dynamics, state, *in_bank).total, expected, 1e-5 * size);
      state = PlainUpdateOf(problem.bank, with.dynamics, state).next;
    }
  }
}

TEST(UpdateGoldenTest, EnergyDecreasesByHalfTheSquaredStepAlongEveryTrajectory) {
  const GoldenFile file("energy_trajectory.json");
  for (const json& golden : file.cases()) {
    SCOPED_TRACE(Describe(golden));
    const GoldenDynamics with(golden);
    const GoldenProblem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q0");
    TestBank bank(static_cast<int64_t>(problem.query.size()));
    problem.StoreIn(&bank);
    // In double precision, and as the engine does it.
    Vector plain = problem.query;
    Vector stored = problem.query;
    double plain_limit = std::numeric_limits<double>::infinity();
    double stored_limit = std::numeric_limits<double>::infinity();
    for (size_t step = 0; step < golden.at("energy").size(); ++step) {
      const double plain_energy = PlainEnergy(problem, plain, with.dynamics);
      const double slack = 1e-12 * std::max(1.0, std::abs(plain_energy));
      EXPECT_LE(plain_energy, plain_limit + slack);
      const Vector plain_next = PlainUpdateOf(problem.bank, with.dynamics, plain).next;
      plain_limit = plain_energy - SquaredDistance(plain, plain_next) / 2;
      plain = plain_next;
      const StateUpdate update = *UpdateOf(bank->Pin(), with.dynamics, stored);
      const double stored_energy = ComputeEnergy(bank->Pin(), with.dynamics, stored, update).total;
      EXPECT_LE(stored_energy, stored_limit + slack);
      stored_limit = stored_energy - SquaredDistance(stored, update.next) / 2;
      stored = update.next;
    }
  }
}

TEST(UpdateGoldenTest, EnergyOfNormmaxHasItsOwnNormNotThe2NormThatTheReferenceHas) {
  const GoldenFile file("energy_trajectory.json");
  int cases = 0;
  for (const json& golden : file.cases()) {
    if (golden.at("transform") != "normmax5") continue;
    SCOPED_TRACE(Describe(golden));
    ++cases;
    const GoldenDynamics with(golden);
    const GoldenProblem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q0");
    const double theirs = golden.at("ref_energy").at(0);
    const double ours = PlainEnergy(problem, problem.query, with.dynamics);
    EXPECT_GT(std::abs(ours - theirs), 1e-4);
    // What it would be with the 2-norm for both conjugate and Omega(u), but the weights of gamma = 5.
    const PlainUpdate update = PlainUpdateOf(problem.bank, with.dynamics, problem.query);
    double inner = 0;
    for (size_t i = 0; i < update.weights.size(); ++i) {
      inner += update.weights[i] * PlainDot(problem.bank.patterns[i], problem.query);
    }
    const Normmax two_norm = *Normmax::Make(2);
    const double beta = with.dynamics.beta;
    const double mistaken =
        -(inner - two_norm.Negentropy(update.weights) / beta) + PlainDot(problem.query, problem.query) / 2 -
        two_norm.UniformNegentropy(problem.pattern_count()) / beta + std::pow(problem.LargestNorm(), 2) / 2;
    EXPECT_NEAR(mistaken, theirs, 1e-9);
    // Sufficient decrease of the first update, the largest one.
    const double after = PlainEnergy(problem, update.next, with.dynamics);
    EXPECT_GE(ours - after, SquaredDistance(problem.query, update.next) / 2 - 1e-12);
  }
  EXPECT_EQ(cases, 6);
}

}  // namespace
}  // namespace engram
