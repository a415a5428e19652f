// Gradients of one update against tests/golden/backward.json, whose patterns are float64, to what float32
// leaves of them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/engine/trajectory.h"
#include "tests/core/engine/golden_problem.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using nlohmann::json;
using Vector = std::vector<double>;

// Whether rounding made the reference take two weights of 0 or 1 for such that may move.
bool HasRoundedVertex(const Vector& weights) {
  return std::count_if(weights.begin(), weights.end(),
                       [](double p) { return (0 < p && p < 1e-14) || (1 - 1e-14 < p && p < 1); }) > 1;
}

TEST(DifferentiateGoldenTest, GradientsOfOneUpdateMatchTheReference) {
  const GoldenFile file("backward.json");
  ASSERT_EQ(file.cases().size(), 94u);
  int left_out = 0;
  for (const json& golden : file.cases()) {
    SCOPED_TRACE(testing::Message() << golden.at("name") << " " << golden.at("transform") << " beta "
                                    << golden.at("beta"));
    const GoldenDynamics with(golden);
    const GoldenProblem problem(file.json().at("setups").at(std::string(golden.at("name"))), "q");
    if (HasRoundedVertex(GoldenFile::Vector(golden.at("p")))) {
      ++left_out;
      continue;
    }
    const auto dim = static_cast<int64_t>(problem.query.size());
    TestBank bank(dim);
    problem.StoreIn(&bank);
    TestEngine engine;
    DifferentiateCall call;
    call.dynamics = with.dynamics;
    call.dynamics.max_iterations = 1;
    call.states = problem.query;
    call.state_cotangents = GoldenFile::Vector(golden.at("g"));
    const auto result = DifferentiateAndWait(engine.get(), bank->Pin(), call);
    ASSERT_TRUE(result.ok()) << result.status();
    const RetrievalGradient& gradient = result->gradients.at(0);
    // Patterns are off by 2^-24. Second derivatives: beta^2 |x|^3 |q| times that of the weights, which is
    // large beside the edge of the support where alpha or gamma is above 2.
    const double slack = with.IsSteep() ? 2e-4 : 2e-5;
    const auto near = [&](double expected) { return slack * std::max(1.0, std::abs(expected)); };
    const Vector grad_q = GoldenFile::Vector(golden.at("grad_q"));
    for (int64_t j = 0; j < dim; ++j) EXPECT_NEAR(gradient.query[j], grad_q[j], near(grad_q[j]));
    // At half the beta, the derivative by it is twice as large.
    const double grad_beta = golden.at("grad_beta").get<double>() * (with.halves_beta ? 2 : 1);
    EXPECT_NEAR(gradient.beta, grad_beta, near(grad_beta));
    for (int64_t i = 0; i < problem.pattern_count(); ++i) {
      const Vector expected = GoldenFile::Vector(golden.at("grad_X").at(i));
      const auto place = std::find(gradient.ids.begin(), gradient.ids.end(), static_cast<uint64_t>(i));
      for (int64_t j = 0; j < dim; ++j) {
        const double actual =
            place == gradient.ids.end() ? 0.0 : gradient.patterns[(place - gradient.ids.begin()) * dim + j];
        EXPECT_NEAR(actual, expected[j], near(expected[j]));
      }
    }
  }
  EXPECT_EQ(left_out, 1);
}

}  // namespace
}  // namespace engram
