// Whether a pattern, or the sum of k, is a fixed point, against tests/golden/exact_retrieval.json: scores a
// tenth below the margin, 1e-12 above it and a tenth above it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/core/engine/golden_problem.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using nlohmann::json;
using Vector = std::vector<double>;

// How far above its threshold the golden beta is.
double FactorOf(const json& golden) {
  return golden.contains("beta_gap") ? golden.at("beta_gap") : golden.at("beta_delta_over_margin");
}

// The setup's patterns, and for query the pattern or the state that a case is about.
GoldenProblem ProblemOf(const GoldenFile& file, const json& golden) {
  json setup = file.json().at("setups").at(std::string(golden.at("setup")));
  setup["q"] = golden.contains("q") ? golden.at("q") : setup.at("X").at(golden.at("pattern").get<size_t>());
  return GoldenProblem(setup, "q");
}

int64_t SupportSize(const Vector& weights) {
  return std::count_if(weights.begin(), weights.end(), [](double p) { return p > 0; });
}

TEST(ExactRetrievalGoldenTest, MarginsAreWhereTheReferenceHasThem) {
  const GoldenFile file("exact_retrieval.json");
  ASSERT_EQ(file.cases().size(), 207u);
  for (const json& golden : file.cases()) {
    SCOPED_TRACE(golden.dump());
    const GoldenDynamics with(golden);
    const GoldenProblem problem = ProblemOf(file, golden);
    EXPECT_EQ(Margin(with.dynamics.transform), golden.at("margin"));
    const PlainUpdate update = PlainUpdateOf(problem.bank, with.dynamics, problem.query);
    EXPECT_EQ(SupportSize(update.weights), golden.at("support_size"));
    const bool is_integral = std::all_of(update.weights.begin(), update.weights.end(),
                                         [](double p) { return p == 0 || std::abs(p - 1) < 1e-10; });
    EXPECT_EQ(is_integral, FactorOf(golden) > 1);
  }
}

TEST(ExactRetrievalGoldenTest, CertificatesSayWhichSideOfTheMarginAPatternIsOn) {
  const GoldenFile file("exact_retrieval.json");
  int cases = 0;
  for (const json& golden : file.cases()) {
    if (golden.contains("q")) continue;
    SCOPED_TRACE(golden.dump());
    ++cases;
    const GoldenProblem problem = ProblemOf(file, golden);
    TestBank bank(static_cast<int64_t>(problem.query.size()));
    problem.StoreIn(&bank);
    TestEngine engine;
    // Float32 has other separations than the file, by 2^-24; beta goes with them.
    PlainBank rounded = problem.bank;
    for (Vector& x : rounded.patterns) {
      for (double& component : x) component = static_cast<float>(component);
    }
    const size_t i = golden.at("pattern");
    const Vector& pattern = rounded.patterns[i];
    double next = -std::numeric_limits<double>::infinity();
    for (size_t j = 0; j < rounded.patterns.size(); ++j) {
      if (j != i) next = std::max(next, PlainDot(pattern, rounded.patterns[j]));
    }
    const double delta = PlainDot(pattern, pattern) - next;
    EXPECT_NEAR(delta, golden.at("delta").get<double>(), 1e-6);
    RetrieveCall call;
    call.dynamics = GoldenDynamics(golden).dynamics;
    call.dynamics.beta = golden.at("margin").get<double>() / delta * FactorOf(golden);
    call.dynamics.max_iterations = 1;
    call.states = pattern;
    const auto result = RetrieveAndWait(engine.get(), bank->Pin(), call);
    ASSERT_TRUE(result.ok()) << result.status();
    const Retrieval& retrieval = result->retrievals.at(0);
    EXPECT_EQ(retrieval.exact, FactorOf(golden) > 1);
    ASSERT_EQ(retrieval.separation.has_value(), retrieval.exact);
    if (!retrieval.exact) continue;
    EXPECT_NEAR(*retrieval.separation, delta, 1e-14);
    EXPECT_NEAR(*retrieval.separation / retrieval.required_separation, FactorOf(golden), 1e-13);
    EXPECT_GE(*retrieval.separation, retrieval.required_separation);
  }
  EXPECT_EQ(cases, 189);
}

}  // namespace
}  // namespace engram
