#ifndef ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_
#define ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_

#include <cstdlib>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/transform/transform_list.h"

namespace engram {

// From almost softmax to almost argmax.
inline constexpr double kAlphas[] = {1.0001, 1.1, 1.25, 1.5, 1.75, 1.999, 2, 2.001, 3, 4, 10, 1e3, 1e9};
// From almost argmax to almost alike on the support of sparsemax.
inline constexpr double kGammas[] = {1.1, 1.5, 2, 3, 5, 20};

static_assert(std::variant_size_v<Transform> == 9, "Add the new transformation to the cases below.");

// Every confined transformation whose weights are a function of the scores alone, over its parameters, that
// `pattern_count` patterns allow. The ordered ones and those that are not confined have tests of their own.
inline std::vector<Transform> TransformCases(int64_t pattern_count) {
  std::vector<Transform> cases = {Softmax()};
  for (const double alpha : kAlphas) cases.push_back(*Entmax::Make(alpha));
  for (const double gamma : kGammas) cases.push_back(*Normmax::Make(gamma));
  for (const int64_t k : std::set<int64_t>{1, 2, 3, pattern_count / 2, pattern_count - 1, pattern_count}) {
    if (1 <= k && k <= pattern_count) cases.push_back(*KSubsets::Make(k));
  }
  return cases;
}

// For SCOPED_TRACE.
inline std::string Describe(const Transform& transform) {
  std::string name = NameOf(transform);
  if (const auto* entmax = std::get_if<Entmax>(&transform))
    absl::StrAppend(&name, " alpha=", entmax->alpha());
  if (const auto* normmax = std::get_if<Normmax>(&transform))
    absl::StrAppend(&name, " gamma=", normmax->gamma());
  if (const auto* subsets = std::get_if<KSubsets>(&transform)) absl::StrAppend(&name, " k=", subsets->k());
  if (const auto* subsets = std::get_if<SequentialKSubsets>(&transform))
    absl::StrAppend(&name, " k=", subsets->k(), " edge=", subsets->edge());
  return name;
}

// The weights of `scores`, descending.
inline std::vector<double> WeightsOf(const Transform& transform, absl::Span<const double> scores) {
  return Project(transform, {scores, {}}).weights;
}

// Omega(weights) and Omega*(scores), given weights = WeightsOf(scores), of one of TransformCases().
inline double Negentropy(const Transform& transform, absl::Span<const double> weights) {
  return std::visit(
      [&](const auto& t) -> double {
        if constexpr (std::decay_t<decltype(t)>::kIsOrdered) {
          std::abort();
        } else {
          return t.Negentropy(weights);
        }
      },
      transform);
}
inline double Conjugate(const Transform& transform, absl::Span<const double> scores,
                        absl::Span<const double> weights) {
  return std::visit(
      [&](const auto& t) -> double {
        if constexpr (std::decay_t<decltype(t)>::kIsOrdered) {
          std::abort();
        } else {
          return t.Conjugate(scores, weights);
        }
      },
      transform);
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_TRANSFORM_TRANSFORM_CASES_H_
