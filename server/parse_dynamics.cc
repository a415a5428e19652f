#include "server/parse_dynamics.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/limits.h"

namespace engram {
namespace {

constexpr double kDefaultAlpha = 1.5;
constexpr double kDefaultGamma = 2;
constexpr double kDefaultEps = 1e-5;

// The transformation or post-transformation that was made, or the error about a field of the one called
// `name`.
template <typename Variant, typename T>
absl::StatusOr<Variant> MadeAs(const char* name, absl::StatusOr<T> made) {
  if (!made.ok()) return Within(name, made.status());
  return Variant(*std::move(made));
}
template <typename T>
absl::StatusOr<Transform> Made(const char* name, absl::StatusOr<T> made) {
  return MadeAs<Transform>(name, std::move(made));
}

absl::StatusOr<Transform> ParseTransform(const v1::Dynamics& wire, const Transform& default_transform) {
  switch (wire.transformation_case()) {
    case v1::Dynamics::TRANSFORMATION_NOT_SET:
      return default_transform;
    case v1::Dynamics::kSoftmax:
      return Softmax();
    case v1::Dynamics::kEntmax:
      return Made("entmax", Entmax::Make(wire.entmax().has_alpha() ? wire.entmax().alpha() : kDefaultAlpha));
    case v1::Dynamics::kKSubsets:
      return Made("k_subsets", KSubsets::Make(wire.k_subsets().k()));
    case v1::Dynamics::kNormmax:
      return Made("normmax",
                  Normmax::Make(wire.normmax().has_gamma() ? wire.normmax().gamma() : kDefaultGamma));
    case v1::Dynamics::kSequentialKSubsets: {
      const v1::SequentialKSubsets& subsets = wire.sequential_k_subsets();
      return Made("sequential_k_subsets", SequentialKSubsets::Make(subsets.k(), subsets.edge()));
    }
    case v1::Dynamics::kConstrainedSparsemax: {
      const auto& bounds = wire.constrained_sparsemax().upper_bounds();
      return Made("constrained_sparsemax",
                  ConstrainedSparsemax::Make(std::vector<double>(bounds.begin(), bounds.end())));
    }
    case v1::Dynamics::kIdentity:
      return Identity();
    case v1::Dynamics::kPolynomial:
      return Made("polynomial", Polynomial::Make(wire.polynomial().degree(), wire.polynomial().rectified()));
    case v1::Dynamics::kExponential:
      return Exponential();
  }
  return default_transform;
}

absl::StatusOr<PostTransform> ParsePostTransform(const v1::PostTransformation& wire,
                                                 const PostTransform& default_post) {
  switch (wire.kind_case()) {
    case v1::PostTransformation::KIND_NOT_SET:
      return default_post;
    case v1::PostTransformation::kIdentity:
      return IdentityPost();
    case v1::PostTransformation::kL2Normalize:
      return L2Normalize();
    case v1::PostTransformation::kLayerNorm:
      return MadeAs<PostTransform>(
          "post_transformation.layer_norm",
          LayerNorm::Make(wire.layer_norm().has_eps() ? wire.layer_norm().eps() : kDefaultEps));
    case v1::PostTransformation::kTanh:
      return Tanh();
    case v1::PostTransformation::kSign:
      return Sign();
  }
  return default_post;
}

}  // namespace

absl::StatusOr<Dynamics> ParseDynamics(const v1::Dynamics& wire, const Dynamics& defaults) {
  Dynamics dynamics = defaults;
  ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, ParseTransform(wire, defaults.transform));
  ENGRAM_ASSIGN_OR_RETURN(dynamics.post_transform,
                          ParsePostTransform(wire.post_transformation(), defaults.post_transform));
  if (wire.has_beta()) dynamics.beta = wire.beta();
  // Written so that NaN fails.
  if (!(dynamics.beta >= Limits::kMinBeta && dynamics.beta <= Limits::kMaxBeta)) {
    return InvalidField("beta", absl::StrCat(dynamics.beta), "1e-30 to 1e30");
  }
  if (wire.has_max_iterations()) dynamics.max_iterations = wire.max_iterations();
  if (dynamics.max_iterations < 1 || dynamics.max_iterations > Limits::kMaxIterations) {
    return InvalidField("max_iterations", absl::StrCat(dynamics.max_iterations),
                        absl::StrCat("1 to ", Limits::kMaxIterations));
  }
  if (wire.has_tolerance()) dynamics.tolerance = wire.tolerance();
  if (!(dynamics.tolerance >= 0 && dynamics.tolerance <= 1)) {
    return InvalidField("tolerance", absl::StrCat(dynamics.tolerance), "0 to 1");
  }
  return dynamics;
}

absl::StatusOr<Dynamics> ParseDynamicsIn(const char* field, const v1::Dynamics& wire,
                                         const Dynamics& defaults) {
  absl::StatusOr<Dynamics> dynamics = ParseDynamics(wire, defaults);
  if (!dynamics.ok()) return Within(field, dynamics.status());
  return dynamics;
}

}  // namespace engram
