// Updates and energies against tests/golden/hopfield_update.json and energy_trajectory.json, twice: in double
// precision, through the transformations alone, and through a bank, whose patterns are float32.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/energy.h"
#include "core/engine/state_update.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/golden/golden_file.h"

namespace engram {
namespace {

using nlohmann::json;
using Vector = std::vector<double>;

// The transformation of a golden case; nullopt for those that are not in the list.
std::optional<Transform> TransformOf(const json& golden) {
  const std::string name = golden.at("transform");
  const json& params = golden.at("params");
  if (name.rfind("ksubset", 0) == 0) return *KSubsets::Make(params.at("k"));
  if (name.rfind("entmax", 0) != 0) return std::nullopt;
  const double alpha = params.at("alpha");
  if (alpha == 1) return Softmax();
  return *Entmax::Make(alpha);
}

double Dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// A golden problem: patterns [N, D] and a query [D].
struct Problem {
  std::vector<Vector> patterns;
  Vector query;

  Problem(const json& setup, const char* query_name) : query(GoldenFile::Vector(setup.at(query_name))) {
    for (const json& row : setup.at("X")) patterns.push_back(GoldenFile::Vector(row));
  }
  double LargestNorm() const {
    double largest = 0;
    for (const Vector& x : patterns) largest = std::max(largest, std::sqrt(Dot(x, x)));
    return largest;
  }
};

// One update in double precision: weights in the order of the patterns, the next state, Omega*.
struct DoubleUpdate {
  Vector weights;
  Vector next;
  double conjugate;

  DoubleUpdate(const Problem& problem, const Vector& state, const Transform& transform, double beta)
      : weights(problem.patterns.size()), next(state.size()) {
    std::vector<size_t> order(weights.size());
    std::iota(order.begin(), order.end(), size_t{0});
    Vector theta;
    for (const Vector& x : problem.patterns) theta.push_back(beta * Dot(x, state));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return theta[a] > theta[b]; });
    Vector sorted;
    for (const size_t i : order) sorted.push_back(theta[i]);
    Vector sorted_weights(sorted.size());
    Project(transform, sorted, absl::MakeSpan(sorted_weights));
    conjugate = Conjugate(transform, sorted, sorted_weights);
    for (size_t i = 0; i < order.size(); ++i) {
      weights[order[i]] = sorted_weights[i];
      for (size_t j = 0; j < next.size(); ++j) next[j] += sorted_weights[i] * problem.patterns[order[i]][j];
    }
  }
};

// Our energy from the golden one, which leaves out k / 2 beta, the bound for k patterns and Omega(u) where
// the weights sum to k.
double OurEnergy(double golden, const Problem& problem, const Transform& transform, double beta) {
  if (!std::holds_alternative<KSubsets>(transform)) return golden;
  const double k = TotalWeight(transform);
  const double norm = problem.LargestNorm();
  const auto count = static_cast<int64_t>(problem.patterns.size());
  return golden - k / (2 * beta) - norm * norm / 2 - UniformNegentropy(transform, count) / beta +
         k * k * norm * norm / 2;
}

double DoubleEnergy(const Problem& problem, const Vector& state, const Transform& transform, double beta) {
  const double k = TotalWeight(transform);
  const double norm = problem.LargestNorm();
  const auto count = static_cast<int64_t>(problem.patterns.size());
  return -DoubleUpdate(problem, state, transform, beta).conjugate / beta + Dot(state, state) / 2 -
         UniformNegentropy(transform, count) / beta + k * k * norm * norm / 2;
}

// The same problem in a bank.
class BankProblem {
 public:
  explicit BankProblem(const Problem& problem) : bank_(static_cast<int64_t>(problem.query.size())) {
    std::vector<float> rows;
    for (const Vector& x : problem.patterns) rows.insert(rows.end(), x.begin(), x.end());
    EXPECT_TRUE(bank_.Store(rows).ok());
  }
  StateUpdate Update(const Vector& state, const Dynamics& dynamics) {
    const BankSnapshot snapshot = bank_->Pin();
    const SweepState sweep{state, Cut(dynamics.transform, dynamics.beta, snapshot.pattern_count()),
                           snapshot.version()};
    SurvivorList survivors;
    EXPECT_TRUE(ReferenceSweeper()
                    .Sweep(snapshot, absl::MakeConstSpan(&sweep, 1), absl::MakeSpan(&survivors, 1))
                    .ok());
    return ComputeStateUpdate(snapshot, dynamics, &survivors);
  }
  StateEnergy Energy(const Vector& state, const Dynamics& dynamics) {
    return ComputeEnergy(bank_->Pin(), dynamics, state, Update(state, dynamics));
  }

 private:
  TestBank bank_;
};

// How far rounding the patterns to float32 may move a state: the scores move by beta 2^-24 |x| |q|, the
// weights of a map with Lipschitz constant 1 by that times sqrt N, and the sum of N patterns follows.
double Float32Slack(const Problem& problem, double beta, double total_weight) {
  const double norm = problem.LargestNorm();
  const auto count = static_cast<double>(problem.patterns.size());
  const double state = std::sqrt(Dot(problem.query, problem.query));
  return 0x1p-24 * norm * (total_weight + count * beta * norm * state);
}

TEST(UpdateGoldenTest, OneUpdateMatchesTheReference) {
  const GoldenFile file("hopfield_update.json");
  int cases = 0;
  for (const json& golden : file.cases()) {
    const auto transform = TransformOf(golden);
    if (!transform.has_value()) continue;
    ++cases;
    const double beta = golden.at("beta");
    SCOPED_TRACE(testing::Message() << golden.at("name") << " " << golden.at("transform") << " beta "
                                    << beta);
    const Problem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q");
    const DoubleUpdate update(problem, problem.query, *transform, beta);
    const Vector weights = GoldenFile::Vector(golden.at("p"));
    const Vector next = GoldenFile::Vector(golden.at("q_next"));
    // The reference's own error grows with alpha; see tests/golden/README.md.
    const double tolerance = Margin(*transform) < 1 ? 1e-8 : 1e-12;
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(update.weights[i], weights[i], tolerance);
    for (size_t j = 0; j < next.size(); ++j) EXPECT_NEAR(update.next[j], next[j], 10 * tolerance);
    if (Margin(*transform) < 1) continue;  // alpha > 2 has no Lipschitz constant.
    Dynamics dynamics;
    dynamics.beta = beta;
    dynamics.transform = *transform;
    const StateUpdate in_bank = BankProblem(problem).Update(problem.query, dynamics);
    for (size_t j = 0; j < next.size(); ++j) {
      EXPECT_NEAR(in_bank.next[j], next[j], Float32Slack(problem, beta, TotalWeight(*transform)));
    }
  }
  EXPECT_EQ(cases, 96);
}

TEST(UpdateGoldenTest, EnergiesAlongTrajectoriesMatchTheReference) {
  const GoldenFile file("energy_trajectory.json");
  int cases = 0;
  for (const json& golden : file.cases()) {
    const auto transform = TransformOf(golden);
    if (!transform.has_value()) continue;
    ++cases;
    const double beta = golden.at("beta");
    SCOPED_TRACE(testing::Message() << golden.at("name") << " " << golden.at("transform") << " beta "
                                    << beta);
    const Problem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q0");
    Dynamics dynamics;
    dynamics.beta = beta;
    dynamics.transform = *transform;
    BankProblem in_bank(problem);
    Vector state = problem.query;
    double previous = std::numeric_limits<double>::infinity();
    for (const json& golden_energy : golden.at("energy")) {
      const double expected = OurEnergy(golden_energy, problem, *transform, beta);
      const double energy = DoubleEnergy(problem, state, *transform, beta);
      const double size = std::max(1.0, std::abs(expected));
      EXPECT_NEAR(energy, expected, 2e-12 * size);
      EXPECT_NEAR(in_bank.Energy(state, dynamics).total, expected, 1e-5 * size);
      // Sufficient decrease: E(q) - E(q') >= |q - q'|^2 / 2.
      EXPECT_LE(energy, previous + 1e-12 * size);
      const Vector next = DoubleUpdate(problem, state, *transform, beta).next;
      double step = 0;
      for (size_t j = 0; j < state.size(); ++j) step += (next[j] - state[j]) * (next[j] - state[j]);
      previous = energy - step / 2;
      state = next;
    }
  }
  EXPECT_EQ(cases, 64);
}

}  // namespace
}  // namespace engram
