#ifndef ENGRAM_TESTS_CORE_ENGINE_GOLDEN_PROBLEM_H_
#define ENGRAM_TESTS_CORE_ENGINE_GOLDEN_PROBLEM_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "core/transform/dynamics.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/plain_update.h"
#include "tests/golden/golden_file.h"

namespace engram {

// The dynamics of a golden case, of those files that name transformations such as "entmax1.5".
//
// The reference projects sequences with both states of each position in the quadratic,
//
//   max <p, theta> + edge e(p) - (|p|^2 + |1 - p|^2) / 2
//       = 2 max { <p, theta / 2> + (edge / 2) e(p) - (|p|^2 - k) / 2 } - N / 2,
//
// which is ours at half the beta and half the edge: halves_beta is then true.
struct GoldenDynamics {
  Dynamics dynamics;
  bool halves_beta = false;

  explicit GoldenDynamics(const nlohmann::json& golden) {
    const std::string name = golden.at("transform");
    dynamics.beta = golden.at("beta");
    const auto starts = [&](const char* prefix) { return name.rfind(prefix, 0) == 0; };
    if (starts("seq_ksubset")) {
      const nlohmann::json& params = golden.at("params");
      halves_beta = true;
      dynamics.beta /= 2;
      dynamics.transform = *SequentialKSubsets::Make(params.at("k"), params.at("edge").get<double>() / 2);
    } else if (starts("ksubset")) {
      dynamics.transform = *KSubsets::Make(std::stoll(name.substr(7)));
    } else if (starts("normmax")) {
      dynamics.transform = *Normmax::Make(std::stod(name.substr(7)));
    } else if (starts("entmax")) {
      const double alpha = std::stod(name.substr(6));
      if (alpha == 1) {
        dynamics.transform = Softmax();
      } else {
        dynamics.transform = *Entmax::Make(alpha);
      }
    } else {
      throw std::invalid_argument("not a transformation: " + name);
    }
  }

  // Whether weights may change by any multiple of what scores do: no two implementations then agree to more
  // than the root of the rounding.
  bool IsSteep() const {
    if (const auto* entmax = std::get_if<Entmax>(&dynamics.transform)) return entmax->alpha() > 2;
    if (const auto* normmax = std::get_if<Normmax>(&dynamics.transform)) return normmax->gamma() > 2;
    return false;
  }
};

// Patterns [N, D] and a query [D] of a golden file.
struct GoldenProblem {
  PlainBank bank;
  std::vector<double> query;

  GoldenProblem(const nlohmann::json& setup, const char* query_name)
      : query(GoldenFile::Vector(setup.at(query_name))) {
    for (const nlohmann::json& row : setup.at("X")) bank.patterns.push_back(GoldenFile::Vector(row));
  }
  double LargestNorm() const {
    double largest = 0;
    for (const auto& x : bank.patterns) largest = std::max(largest, std::sqrt(PlainDot(x, x)));
    return largest;
  }
  int64_t pattern_count() const { return static_cast<int64_t>(bank.patterns.size()); }
  // The same patterns as float32.
  void StoreIn(TestBank* stored) const {
    std::vector<float> rows;
    for (const auto& x : bank.patterns) rows.insert(rows.end(), x.begin(), x.end());
    EXPECT_TRUE(stored->Store(rows).ok());
  }
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_GOLDEN_PROBLEM_H_
