// The transformations against golden values; tests/golden/README.md says where those come from.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "core/transform/entmax.h"
#include "core/transform/k_subsets.h"
#include "core/transform/normmax.h"
#include "core/transform/softmax.h"
#include "gtest/gtest.h"
#include "tests/golden/golden_file.h"

namespace engram {
namespace {

using nlohmann::json;

// Where no true weights are given, the reference's are within this of them.
constexpr double kReferenceTolerance = 1e-13;
// A few units in the last place of numbers of order 1; sums of up to 1000 terms.
constexpr double kTrueTolerance = 2e-15;
constexpr double kValueTolerance = 1e-14;
// A weight that the rounding of the scores may bring into being or take away.
constexpr double kNoWeight = 1e-16;

struct Tolerance {
  double of_true = kTrueTolerance;
  double of_reference = kReferenceTolerance;
  double of_values = kValueTolerance;
};

// Weights of a case's rows; a masked row, of score -inf, is one that is not passed.
struct Solution {
  std::vector<double> scores;   // Descending.
  std::vector<double> weights;  // Of `scores`.
  std::vector<double> by_row;   // Of the case's rows.
};

template <typename Transformation>
Solution Solve(const Transformation& transformation, const json& golden) {
  const std::vector<double> theta = GoldenFile::Vector(golden.at("theta"));
  std::vector<size_t> rows;
  for (size_t row = 0; row < theta.size(); ++row) {
    if (theta[row] != -std::numeric_limits<double>::infinity()) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](size_t a, size_t b) { return theta[a] > theta[b]; });
  Solution solution;
  for (const size_t row : rows) solution.scores.push_back(theta[row]);
  solution.weights.resize(solution.scores.size(), -1);
  transformation.Project(solution.scores, absl::MakeSpan(solution.weights));
  solution.by_row.assign(theta.size(), 0);
  for (size_t i = 0; i < rows.size(); ++i) solution.by_row[rows[i]] = solution.weights[i];
  return solution;
}

void ExpectNear(double actual, double expected, const char* what, double tolerance = kValueTolerance) {
  EXPECT_NEAR(actual, expected, tolerance * std::max(1.0, std::abs(expected))) << what;
}

void ExpectWeights(const Solution& solution, const json& golden, const Tolerance& tolerance) {
  const json& truth = golden.at("true");
  const bool is_true = truth.contains("p");
  const std::vector<double> expected = GoldenFile::Vector(is_true ? truth.at("p") : golden.at("ref").at("p"));
  ASSERT_EQ(expected.size(), solution.by_row.size());
  for (size_t row = 0; row < expected.size(); ++row) {
    EXPECT_NEAR(solution.by_row[row], expected[row], is_true ? tolerance.of_true : tolerance.of_reference)
        << "row " << row;
  }
  std::vector<bool> in_support(expected.size());
  for (const json& row : truth.at("support")) in_support.at(row.get<size_t>()) = true;
  for (size_t row = 0; row < expected.size(); ++row) {
    if (std::max(solution.by_row[row], expected[row]) < kNoWeight) continue;
    EXPECT_EQ(solution.by_row[row] > 0, in_support[row]) << "row " << row;
  }
}

template <typename Transformation>
void ExpectCase(const Transformation& transformation, const json& golden, double constant,
                const Tolerance& tolerance = {}) {
  SCOPED_TRACE(golden.at("name").get<std::string>());
  const Solution solution = Solve(transformation, golden);
  ExpectWeights(solution, golden, tolerance);
  const json& truth = golden.at("true");
  ExpectNear(transformation.Negentropy(solution.weights), GoldenFile::Number(truth.at("omega")) - constant,
             "negentropy", tolerance.of_values);
  ExpectNear(transformation.Conjugate(solution.scores, solution.weights),
             GoldenFile::Number(truth.at("conjugate")) + constant, "conjugate");
}

// With all scores as bounds the cut is the threshold: tau `width`s above the largest.
template <typename Transformation>
void ExpectThreshold(const Transformation& transformation, const json& golden) {
  SCOPED_TRACE(golden.at("name").get<std::string>());
  std::vector<double> scores = Solve(transformation, golden).scores;
  const double largest = scores[0];
  for (double& score : scores) score -= largest;
  const auto size = static_cast<int64_t>(scores.size());
  const double width = transformation.WindowFor(size).width;
  const double tau = GoldenFile::Number(golden.at("true").at("tau_minus_max"));
  EXPECT_NEAR(transformation.CutFrom(scores, size), tau * width, kValueTolerance * width);
}

TEST(TransformGoldenTest, SoftmaxAgrees) {
  const GoldenFile file("softmax.json");
  ASSERT_EQ(file.cases().size(), 29u);
  for (const json& golden : file.cases()) ExpectCase(Softmax(), golden, 0);
}

TEST(TransformGoldenTest, SparsemaxAgrees) {
  const GoldenFile file("sparsemax.json");
  ASSERT_EQ(file.cases().size(), 34u);
  for (const json& golden : file.cases()) {
    ExpectCase(*Entmax::Make(2), golden, 0);
    ExpectThreshold(*Entmax::Make(2), golden);
  }
}

TEST(TransformGoldenTest, Entmax15Agrees) {
  const GoldenFile file("entmax15.json");
  ASSERT_EQ(file.cases().size(), 34u);
  for (const json& golden : file.cases()) {
    ExpectCase(*Entmax::Make(1.5), golden, 0);
    ExpectThreshold(*Entmax::Make(1.5), golden);
  }
}

TEST(TransformGoldenTest, EntmaxOfEveryAlphaAgrees) {
  const GoldenFile file("entmax_bisect.json");
  std::map<double, int> cases;
  for (const json& golden : file.cases()) {
    const double alpha = golden.at("alpha").get<double>();
    SCOPED_TRACE(alpha);
    ExpectCase(*Entmax::Make(alpha), golden, 0);
    ExpectThreshold(*Entmax::Make(alpha), golden);
    ++cases[alpha];
  }
  const std::map<double, int> expected = {{1.25, 33}, {1.5, 33}, {1.75, 33}, {2, 33}, {3, 33}, {4, 33}};
  EXPECT_EQ(cases, expected);
}

// So close to the margin, and for gamma > 2, one unit in the last place of a score moves a weight by far
// more.
constexpr Tolerance kBesideTheMargin = {1e-8, 1e-8, 1e-8};

TEST(TransformGoldenTest, NormmaxOfEveryGammaAgrees) {
  const GoldenFile file("normmax.json");
  std::map<double, int> cases;
  for (const json& golden : file.cases()) {
    const double gamma = golden.at("alpha").get<double>();
    SCOPED_TRACE(gamma);
    const bool is_beside = gamma > 2 && golden.at("name") == "margin_below_1e-9";
    ExpectCase(*Normmax::Make(gamma), golden, 0, is_beside ? kBesideTheMargin : Tolerance{});
    ExpectThreshold(*Normmax::Make(gamma), golden);
    ++cases[gamma];
  }
  const std::map<double, int> expected = {{1.5, 33}, {2, 34}, {3, 33}, {5, 33}};
  EXPECT_EQ(cases, expected);
}

TEST(TransformGoldenTest, KSubsetsAgree) {
  const GoldenFile file("ksubsets.json");
  ASSERT_EQ(file.cases().size(), 102u);
  for (const json& golden : file.cases()) {
    const auto k = golden.at("k").get<int64_t>();
    SCOPED_TRACE(::testing::Message() << "k " << k << " " << golden.at("name"));
    const KSubsets subsets = *KSubsets::Make(k);
    ExpectCase(subsets, golden, static_cast<double>(k) / 2);
    const std::vector<double> scores = Solve(subsets, golden).scores;
    const double tau = subsets.CutFrom(scores, static_cast<int64_t>(scores.size()));
    const std::vector<double> interval = GoldenFile::Vector(golden.at("true").at("tau_interval"));
    const double slack = kValueTolerance * std::max(1.0, std::abs(tau));
    EXPECT_GE(tau, interval[0] - slack);
    EXPECT_LE(tau, interval[1] + slack);
  }
}

// Calls check(transformation) with the one that these files call `name`: "entmax1.5", "normmax2", "ksubset2".
template <typename Check>
void WithTransformation(const std::string& name, const Check& check) {
  const size_t digits = name.find_first_of("0123456789");
  const std::string family = name.substr(0, digits);
  const double parameter = std::stod(name.substr(digits));
  if (name == "entmax1") return check(Softmax());
  if (family == "entmax") return check(*Entmax::Make(parameter));
  if (family == "normmax") return check(*Normmax::Make(parameter));
  if (family == "ksubset") return check(*KSubsets::Make(static_cast<int64_t>(parameter)));
  FAIL() << "no such transformation: " << name;
}

// L(theta, e_target) = Omega*(theta) - theta_target.
TEST(TransformGoldenTest, FenchelYoungLossesAgree) {
  const GoldenFile file("fy_loss.json");
  int compared = 0;
  for (const json& golden : file.cases()) {
    const double target = GoldenFile::Vector(golden.at("theta")).at(golden.at("target").get<size_t>());
    for (const auto& [name, loss] : golden.at("loss").items()) {
      SCOPED_TRACE(name + " " + golden.at("name").get<std::string>());
      const auto expected = loss.get<double>();
      const json& theta = golden;
      WithTransformation(name, [&](const auto& transformation) {
        const Solution solution = Solve(transformation, theta);
        ExpectNear(transformation.Conjugate(solution.scores, solution.weights) - target, expected, "loss");
      });
      ++compared;
    }
  }
  EXPECT_EQ(compared, 140);
}

// Scores beta X q of a state that is a pattern or given, at, above and below the margin.
TEST(TransformGoldenTest, SupportsAroundTheMarginAgree) {
  const GoldenFile file("exact_retrieval.json");
  int compared = 0;
  for (const json& golden : file.cases()) {
    const std::string name = golden.at("transform").get<std::string>();
    const auto setup = golden.at("setup").get<std::string>();
    const auto beta = golden.at("beta").get<double>();
    SCOPED_TRACE(::testing::Message() << name << " " << setup << " beta " << beta);
    const json& patterns = file.json().at("setups").at(setup).at("X");
    const std::vector<double> state = GoldenFile::Vector(
        golden.contains("q") ? golden.at("q") : patterns.at(golden.at("pattern").get<size_t>()));
    json scores = {{"theta", json::array()}};
    for (const json& pattern : patterns) {
      const std::vector<double> x = GoldenFile::Vector(pattern);
      scores["theta"].push_back(beta * std::inner_product(x.begin(), x.end(), state.begin(), 0.0));
    }
    std::vector<double> weights;
    WithTransformation(name,
                       [&](const auto& transformation) { weights = Solve(transformation, scores).by_row; });
    EXPECT_EQ(weights.size() - std::count(weights.begin(), weights.end(), 0.0),
              golden.at("support_size").get<size_t>());
    if (golden.contains("p_i")) {
      EXPECT_NEAR(weights.at(golden.at("pattern").get<size_t>()), golden.at("p_i").get<double>(),
                  kReferenceTolerance);
    } else {
      const std::vector<double> expected = GoldenFile::Vector(golden.at("p"));
      for (size_t row = 0; row < weights.size(); ++row) {
        EXPECT_NEAR(weights[row], expected.at(row), kReferenceTolerance) << "row " << row;
      }
    }
    ++compared;
  }
  EXPECT_EQ(compared, 207);
}

}  // namespace
}  // namespace engram
