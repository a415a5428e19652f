#ifndef ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_
#define ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_

#include <array>
#include <type_traits>
#include <variant>

#include "core/transform/constrained_sparsemax.h"
#include "core/transform/entmax.h"
#include "core/transform/exponential.h"
#include "core/transform/identity.h"
#include "core/transform/k_subsets.h"
#include "core/transform/normmax.h"
#include "core/transform/ordered_scores.h"
#include "core/transform/polynomial.h"
#include "core/transform/projection.h"
#include "core/transform/sequential_k_subsets.h"
#include "core/transform/softmax.h"

namespace engram {

// The one list of what exists. To add a transformation: its file, its name here, its case in
// server/parse_dynamics; property tests, benchmarks and GetCapabilities iterate over this list.
//
// A transformation is confined if its weights lie in a polytope on which their sum is fixed; adding a
// constant to all scores then changes nothing. It is ordered if the weights depend on where patterns stand in
// the bank's id order.
using Transform = std::variant<Softmax, Entmax, Normmax, KSubsets, SequentialKSubsets, ConstrainedSparsemax,
                               Identity, Polynomial, Exponential>;

// Names of the alternatives above, in order: fields of engram.v1.Dynamics.
inline constexpr std::array<const char*, std::variant_size_v<Transform>> kTransformNames = {
    "softmax",  "entmax",     "normmax",    "k_subsets", "sequential_k_subsets", "constrained_sparsemax",
    "identity", "polynomial", "exponential"};

// The name of an alternative, as in kTransformNames.
inline const char* NameOf(const Transform& transform) { return kTransformNames[transform.index()]; }

inline bool IsConfined(const Transform& transform) {
  return std::visit([](const auto& t) { return std::decay_t<decltype(t)>::kIsConfined; }, transform);
}
inline bool IsOrdered(const Transform& transform) {
  return std::visit([](const auto& t) { return std::decay_t<decltype(t)>::kIsOrdered; }, transform);
}
inline absl::Status ValidateFor(const Transform& transform, int64_t pattern_count) {
  return std::visit([&](const auto& t) { return t.ValidateFor(pattern_count); }, transform);
}
inline Window WindowFor(const Transform& transform, int64_t pattern_count) {
  return std::visit([&](const auto& t) { return t.WindowFor(pattern_count); }, transform);
}
inline double TotalWeight(const Transform& transform) {
  return std::visit([](const auto& t) { return t.total_weight(); }, transform);
}
inline double Margin(const Transform& transform) {
  return std::visit([](const auto& t) { return t.margin(); }, transform);
}
inline double CutFrom(const Transform& transform, absl::Span<const double> lower_bounds,
                      int64_t pattern_count) {
  return std::visit([&](const auto& t) { return t.CutFrom(lower_bounds, pattern_count); }, transform);
}
// Omega at u, where it is least: equal weights on `pattern_count` patterns if confined.
inline double UniformNegentropy(const Transform& transform, int64_t pattern_count) {
  return std::visit([&](const auto& t) { return t.UniformNegentropy(pattern_count); }, transform);
}
// The sum of u.
inline double UniformTotalWeight(const Transform& transform, int64_t pattern_count) {
  return std::visit(
      [&](const auto& t) {
        if constexpr (std::decay_t<decltype(t)>::kIsConfined) {
          return t.total_weight();
        } else {
          return t.uniform_weight() * static_cast<double>(pattern_count);
        }
      },
      transform);
}

// The weights of `scores`. Positions matter only if ordered.
inline Projection Project(const Transform& transform, const OrderedScores& scores) {
  return std::visit(
      [&](const auto& t) {
        if constexpr (std::decay_t<decltype(t)>::kIsOrdered) {
          return t.Project(scores);
        } else {
          Projection projection;
          projection.weights.resize(scores.theta.size());
          t.Project(scores.theta, absl::MakeSpan(projection.weights));
          projection.conjugate = t.Conjugate(scores.theta, projection.weights);
          return projection;
        }
      },
      transform);
}
// product = J v, where J is the symmetric Jacobian of the weights by the scores and weights those of
// Project(scores). `product` may be `v`.
inline void JacobianProduct(const Transform& transform, const OrderedScores& scores,
                            absl::Span<const double> weights, absl::Span<const double> v,
                            absl::Span<double> product) {
  std::visit(
      [&](const auto& t) {
        if constexpr (std::decay_t<decltype(t)>::kIsOrdered) {
          t.JacobianProduct(scores, weights, v, product);
        } else {
          t.JacobianProduct(scores.theta, weights, v, product);
        }
      },
      transform);
}

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_
