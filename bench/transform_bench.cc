// engram_transform_bench: what an update makes of scores, weights and conjugate, with every transformation of
// the list.
//
// Argument: survivors, by score descending, at random places in the bank's id order. "spread" has them evenly
// over a window, so that few have weight; "level" has them so close together that all have.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/transform/transform_list.h"

namespace engram::bench {
namespace {

constexpr int64_t kSizes[] = {10, 1'000, 100'000, 1'000'000};

struct Case {
  std::string name;
  Transform transform;
};

// All cases that fit a bank of `count` patterns.
std::vector<Case> Cases(int64_t count) {
  static_assert(std::variant_size_v<Transform> == 9, "Add the new transformation to the cases.");
  std::vector<Case> cases = {{"softmax", Softmax()}};
  for (const double alpha : {1.25, 1.5, 1.75, 2.0, 2.3, 3.0, 4.0}) {
    cases.push_back({absl::StrCat("entmax alpha=", alpha), *Entmax::Make(alpha)});
  }
  for (const double gamma : {1.5, 2.0, 3.0, 5.0}) {
    cases.push_back({absl::StrCat("normmax gamma=", gamma), *Normmax::Make(gamma)});
  }
  for (const int64_t k : {1, 8}) cases.push_back({absl::StrCat("k_subsets k=", k), *KSubsets::Make(k)});
  for (const double edge : {0.5, std::numeric_limits<double>::infinity()}) {
    const SequentialKSubsets subsets = *SequentialKSubsets::Make(8, edge);
    if (subsets.ValidateFor(count).ok()) {
      cases.push_back({absl::StrCat("sequential_k_subsets k=8 edge=", edge), subsets});
    }
  }
  const std::vector<double> bounds(count, 0.2);
  cases.push_back({"constrained_sparsemax u=0.2", *ConstrainedSparsemax::Make(bounds)});
  cases.push_back({"identity", Identity()});
  cases.push_back({"polynomial degree=3", *Polynomial::Make(3, false)});
  cases.push_back({"exponential", Exponential()});
  return cases;
}

// A window that most scores of a large bank lie in; that of the transformation, where it has one.
double WidthOf(const Transform& transform, int64_t count) {
  const double width = WindowFor(transform, count).width;
  return width < std::numeric_limits<double>::infinity() ? width : 2;
}

void RunProject(benchmark::State& state, const Transform& transform, double width) {
  const int64_t count = state.range(0);
  std::vector<double> theta(count);
  for (int64_t i = 0; i < count; ++i) theta[i] = -width * static_cast<double>(i) / static_cast<double>(count);
  std::vector<int64_t> positions(count);
  std::iota(positions.begin(), positions.end(), int64_t{0});
  std::shuffle(positions.begin(), positions.end(), std::mt19937_64(7));
  Projection projection;
  for (auto _ : state) {
    projection = Project(transform, {theta, positions});
    benchmark::DoNotOptimize(projection.weights.data());
    benchmark::ClobberMemory();
  }
  const auto has_weight = [](double p) { return p != 0; };
  state.counters["support"] =
      static_cast<double>(std::count_if(projection.weights.begin(), projection.weights.end(), has_weight));
  state.SetItemsProcessed(state.iterations() * count);
}

// The benchmarks iterate over the list, so they are registered when the program starts.
const bool kRegistered = [] {
  // Scores this close have equal weights, up to rounding.
  constexpr double kLevelWidth = 1e-30;
  for (const int64_t size : kSizes) {
    for (const Case& c : Cases(size)) {
      // The cell in between is for those that have no other large one.
      const bool is_sequential = std::holds_alternative<SequentialKSubsets>(c.transform);
      if (size == 100'000 && !is_sequential) continue;
      for (const bool level : {false, true}) {
        const std::string name = absl::StrCat("Project/", c.name, level ? "/level" : "/spread");
        benchmark::RegisterBenchmark(name.c_str(), RunProject, c.transform,
                                     level ? kLevelWidth : WidthOf(c.transform, size))
            ->ArgName("survivors")
            ->Arg(size)
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace engram::bench
