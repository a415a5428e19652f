// engram_transform_bench: Project of every transformation whose weights are a function of some descending
// scores.
//
// Argument: survivors, by score descending. "spread" has them evenly over the window, so that few have
// weight; "level" has them so close together that all have.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/transform/transform_list.h"

namespace engram::bench {
namespace {

struct Case {
  std::string name;
  Transform transform;
};

std::vector<Case> Cases() {
  static_assert(std::variant_size_v<Transform> == 9, "Add the new transformation to the cases.");
  std::vector<Case> cases = {{"softmax", Softmax()}};
  for (const double alpha : {1.25, 1.5, 1.75, 2.0, 3.0, 4.0}) {
    cases.push_back({absl::StrCat("entmax alpha=", alpha), *Entmax::Make(alpha)});
  }
  for (const double gamma : {1.5, 2.0, 3.0, 5.0}) {
    cases.push_back({absl::StrCat("normmax gamma=", gamma), *Normmax::Make(gamma)});
  }
  for (const int64_t k : {1, 8}) cases.push_back({absl::StrCat("k_subsets k=", k), *KSubsets::Make(k)});
  return cases;
}

// `count` scores from 0 down to -width.
std::vector<double> Descending(int64_t count, double width) {
  std::vector<double> scores(count);
  for (int64_t i = 0; i < count; ++i)
    scores[i] = -width * static_cast<double>(i) / static_cast<double>(count);
  return scores;
}

void RunProject(benchmark::State& state, const Transform& transform, double width) {
  const std::vector<double> scores = Descending(state.range(0), width);
  std::vector<double> weights(scores.size());
  for (auto _ : state) {
    std::visit(
        [&](const auto& t) {
          if constexpr (!std::decay_t<decltype(t)>::kIsOrdered) t.Project(scores, absl::MakeSpan(weights));
        },
        transform);
    benchmark::DoNotOptimize(weights.data());
    benchmark::ClobberMemory();
  }
  const auto with_weight = std::count_if(weights.begin(), weights.end(), [](double p) { return p > 0; });
  state.counters["support"] = static_cast<double>(with_weight);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// The benchmarks iterate over the list, so they are registered when the program starts.
const bool kRegistered = [] {
  // Scores this close have equal weights, up to rounding.
  constexpr double kLevelWidth = 1e-30;
  for (const Case& c : Cases()) {
    const double window = WindowFor(c.transform, 1'000'000).width;
    const auto add = [&c](const char* scores, double width) {
      benchmark::RegisterBenchmark(absl::StrCat("Project/", c.name, "/", scores).c_str(), RunProject,
                                   c.transform, width)
          ->ArgName("survivors")
          ->Arg(10)
          ->Arg(1'000)
          ->Arg(1'000'000)
          ->Unit(benchmark::kMicrosecond);
    };
    add("spread", window);
    add("level", kLevelWidth);
  }
  return true;
}();

}  // namespace
}  // namespace engram::bench
