#ifndef ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_
#define ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_

#include <array>
#include <variant>

#include "core/transform/entmax.h"
#include "core/transform/k_subsets.h"
#include "core/transform/softmax.h"

namespace engram {

// The one list of what exists. To add a transformation: its file, its name here, its case in
// server/parse_dynamics; property tests, benchmarks and GetCapabilities iterate over this list.
using Transform = std::variant<Softmax, Entmax, KSubsets>;

// Names of the alternatives above, in order: fields of engram.v1.Dynamics.
inline constexpr std::array<const char*, std::variant_size_v<Transform>> kTransformNames = {
    "softmax", "entmax", "k_subsets"};

// The name of an alternative, as in kTransformNames.
inline const char* NameOf(const Transform& transform) { return kTransformNames[transform.index()]; }

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
inline void Project(const Transform& transform, absl::Span<const double> scores, absl::Span<double> weights) {
  std::visit([&](const auto& t) { t.Project(scores, weights); }, transform);
}
inline double Negentropy(const Transform& transform, absl::Span<const double> weights) {
  return std::visit([&](const auto& t) { return t.Negentropy(weights); }, transform);
}
inline double Conjugate(const Transform& transform, absl::Span<const double> scores,
                        absl::Span<const double> weights) {
  return std::visit([&](const auto& t) { return t.Conjugate(scores, weights); }, transform);
}
inline double UniformNegentropy(const Transform& transform, int64_t pattern_count) {
  return std::visit([&](const auto& t) { return t.UniformNegentropy(pattern_count); }, transform);
}

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_TRANSFORM_LIST_H_
