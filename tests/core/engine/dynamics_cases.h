#ifndef ENGRAM_TESTS_CORE_ENGINE_DYNAMICS_CASES_H_
#define ENGRAM_TESTS_CORE_ENGINE_DYNAMICS_CASES_H_

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "core/transform/post_transform_list.h"
#include "core/transform/transform_list.h"

namespace engram {

// A transformation, and its name for SCOPED_TRACE.
struct TransformCase {
  std::string name;
  Transform transform;
};

static_assert(std::variant_size_v<Transform> == 9, "Add the new transformation to the cases below.");
static_assert(std::variant_size_v<PostTransform> == 5, "Add the new post-transformation to the cases below.");

// Upper bounds for `pattern_count` patterns that sum to 2; the same at every call. Some are 0, some bind
// nothing.
inline std::vector<double> SomeUpperBounds(int64_t pattern_count) {
  std::mt19937_64 random(static_cast<uint64_t>(pattern_count));
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> bounds(pattern_count);
  double sum = 0;
  for (double& bound : bounds) sum += bound = uniform(random) < 0.2 ? 0 : uniform(random);
  if (sum == 0) return std::vector<double>(pattern_count, 1.0);
  for (double& bound : bounds) bound *= 2 / sum;
  return bounds;
}

// Transformations that are confined, over their parameters, that fit a bank of `pattern_count` patterns.
inline std::vector<TransformCase> ConfinedCases(int64_t pattern_count) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<TransformCase> cases = {
      {"softmax", Softmax()},
      {"entmax 1.2", *Entmax::Make(1.2)},
      {"entmax 1.5", *Entmax::Make(1.5)},
      {"entmax 2", *Entmax::Make(2)},
      {"entmax 3", *Entmax::Make(3)},
      {"normmax 1.5", *Normmax::Make(1.5)},
      {"normmax 2", *Normmax::Make(2)},
      {"normmax 5", *Normmax::Make(5)},
      {"constrained_sparsemax", *ConstrainedSparsemax::Make(SomeUpperBounds(pattern_count))},
      {"constrained_sparsemax without bounds",
       *ConstrainedSparsemax::Make(std::vector<double>(pattern_count, 1.0))},
  };
  if (pattern_count < 2) return cases;
  cases.push_back({"k_subsets 2", *KSubsets::Make(2)});
  cases.push_back({"k_subsets N", *KSubsets::Make(pattern_count)});
  cases.push_back({"sequential_k_subsets 2, edge -0.3", *SequentialKSubsets::Make(2, -0.3)});
  cases.push_back({"sequential_k_subsets 2, edge 0", *SequentialKSubsets::Make(2, 0)});
  cases.push_back({"sequential_k_subsets 2, edge 0.5", *SequentialKSubsets::Make(2, 0.5)});
  cases.push_back({"sequential_k_subsets 2, edge inf", *SequentialKSubsets::Make(2, kInfinity)});
  if (pattern_count < 5) return cases;
  cases.push_back({"k_subsets 5", *KSubsets::Make(5)});
  cases.push_back({"sequential_k_subsets 4, edge 0.5", *SequentialKSubsets::Make(4, 0.5)});
  return cases;
}

// Transformations that are not confined, over their parameters. An even power is there only rectified.
inline std::vector<TransformCase> UnconfinedCases() {
  return {
      {"identity", Identity()},
      {"polynomial 3", *Polynomial::Make(3, false)},
      {"rectified polynomial 4", *Polynomial::Make(4, true)},
      {"exponential", Exponential()},
  };
}

inline std::vector<TransformCase> AllCases(int64_t pattern_count) {
  std::vector<TransformCase> cases = ConfinedCases(pattern_count);
  for (TransformCase& one : UnconfinedCases()) cases.push_back(std::move(one));
  return cases;
}

inline std::vector<PostTransform> AllPostTransforms() {
  return {IdentityPost(), L2Normalize(), *LayerNorm::Make(1e-5), Tanh(), Sign()};
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_DYNAMICS_CASES_H_
