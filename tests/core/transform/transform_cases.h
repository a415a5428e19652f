#ifndef ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_
#define ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/transform/transform_list.h"

namespace engram {

// From almost softmax to almost argmax.
inline constexpr double kAlphas[] = {1.0001, 1.1, 1.25, 1.5, 1.75, 1.999, 2, 2.001, 3, 4, 10, 1e3, 1e9};

// Every transformation of the list, over its parameters, that `pattern_count` patterns allow.
inline std::vector<Transform> TransformCases(int64_t pattern_count) {
  static_assert(std::variant_size_v<Transform> == 3, "Add the new transformation to the cases.");
  std::vector<Transform> cases = {Softmax()};
  for (const double alpha : kAlphas) cases.push_back(*Entmax::Make(alpha));
  for (const int64_t k : std::set<int64_t>{1, 2, 3, pattern_count / 2, pattern_count - 1, pattern_count}) {
    if (1 <= k && k <= pattern_count) cases.push_back(*KSubsets::Make(k));
  }
  return cases;
}

// For SCOPED_TRACE.
inline std::string Describe(const Transform& transform) {
  std::string name = kTransformNames[transform.index()];
  if (const auto* entmax = std::get_if<Entmax>(&transform))
    absl::StrAppend(&name, " alpha=", entmax->alpha());
  if (const auto* subsets = std::get_if<KSubsets>(&transform)) absl::StrAppend(&name, " k=", subsets->k());
  return name;
}

// The weights of `scores`, descending.
inline std::vector<double> WeightsOf(const Transform& transform, absl::Span<const double> scores) {
  std::vector<double> weights(scores.size(), -1);
  Project(transform, scores, absl::MakeSpan(weights));
  return weights;
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_
