#include "server/parse_dynamics.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/limits.h"

namespace engram {
namespace {

constexpr double kDefaultAlpha = 1.5;

// The transformation that was made, or the error about a field of the one called `name`.
template <typename T>
absl::StatusOr<Transform> Made(const char* name, absl::StatusOr<T> made) {
  if (!made.ok()) return Within(name, made.status());
  return *std::move(made);
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
    default: {
      const google::protobuf::OneofDescriptor* oneof =
          v1::Dynamics::descriptor()->FindOneofByName("transformation");
      const std::string name = v1::Dynamics::GetReflection()->GetOneofFieldDescriptor(wire, oneof)->name();
      return NotYetImplemented(name, absl::StrCat("the transformation ", name));
    }
  }
}

absl::Status CheckPostTransformation(const v1::PostTransformation& wire) {
  if (wire.kind_case() == v1::PostTransformation::KIND_NOT_SET ||
      wire.kind_case() == v1::PostTransformation::kIdentity) {
    return absl::OkStatus();
  }
  const google::protobuf::OneofDescriptor* oneof =
      v1::PostTransformation::descriptor()->FindOneofByName("kind");
  const std::string name =
      v1::PostTransformation::GetReflection()->GetOneofFieldDescriptor(wire, oneof)->name();
  return NotYetImplemented(absl::StrCat("post_transformation.", name),
                           absl::StrCat("the post-transformation ", name));
}

}  // namespace

absl::StatusOr<Dynamics> ParseDynamics(const v1::Dynamics& wire, const Dynamics& defaults) {
  Dynamics dynamics = defaults;
  ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, ParseTransform(wire, defaults.transform));
  ENGRAM_RETURN_IF_ERROR(CheckPostTransformation(wire.post_transformation()));
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

}  // namespace engram
