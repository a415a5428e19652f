#include "client/cli/dynamics_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

// The transformation and its parameters, under the names of the flags.
Json TransformJson(const v1::Dynamics& dynamics) {
  switch (dynamics.transformation_case()) {
    case v1::Dynamics::kSoftmax:
      return {{"transform", "softmax"}};
    case v1::Dynamics::kEntmax:
      return {{"transform", "entmax"},
              {"alpha", dynamics.entmax().has_alpha() ? dynamics.entmax().alpha() : 1.5}};
    case v1::Dynamics::kNormmax:
      return {{"transform", "normmax"},
              {"gamma", dynamics.normmax().has_gamma() ? dynamics.normmax().gamma() : 2}};
    case v1::Dynamics::kKSubsets:
      return {{"transform", "k-subsets"}, {"k", dynamics.k_subsets().k()}};
    case v1::Dynamics::kSequentialKSubsets:
      return {{"transform", "sequential-k-subsets"},
              {"k", dynamics.sequential_k_subsets().k()},
              {"edge", NumberJson(dynamics.sequential_k_subsets().edge())}};
    case v1::Dynamics::kConstrainedSparsemax:
      return {{"transform", "constrained-sparsemax"},
              {"upper_bounds", std::vector<double>(dynamics.constrained_sparsemax().upper_bounds().begin(),
                                                   dynamics.constrained_sparsemax().upper_bounds().end())}};
    case v1::Dynamics::kIdentity:
      return {{"transform", "identity"}};
    case v1::Dynamics::kPolynomial:
      return {{"transform", "polynomial"},
              {"degree", dynamics.polynomial().degree()},
              {"rectified", dynamics.polynomial().rectified()}};
    case v1::Dynamics::kExponential:
      return {{"transform", "exponential"}};
    case v1::Dynamics::TRANSFORMATION_NOT_SET:
      break;
  }
  return Json::object();
}

std::string ParameterText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? NumberText(value.get<double>()) : value.dump();
}

}  // namespace

std::string TransformText(const v1::Dynamics& dynamics) {
  const Json json = TransformJson(dynamics);
  std::string text;
  for (const auto& [key, value] : json.items()) {
    if (key == "transform") {
      text = value.get<std::string>();
    } else if (value.is_array()) {
      absl::StrAppend(&text, ", ", CountText(static_cast<int64_t>(value.size())), " upper bounds");
    } else {
      absl::StrAppend(&text, ", ", key, " ", ParameterText(value));
    }
  }
  return text;
}

std::string PostTransformText(const v1::Dynamics& dynamics) {
  switch (dynamics.post_transformation().kind_case()) {
    case v1::PostTransformation::kL2Normalize:
      return "l2-normalize";
    case v1::PostTransformation::kLayerNorm:
      return "layer-norm";
    case v1::PostTransformation::kTanh:
      return "tanh";
    case v1::PostTransformation::kSign:
      return "sign";
    case v1::PostTransformation::kIdentity:
    case v1::PostTransformation::KIND_NOT_SET:
      break;
  }
  return "identity";
}

Json DynamicsJson(const v1::Dynamics& dynamics) {
  Json json = TransformJson(dynamics);
  json["post_transform"] = PostTransformText(dynamics);
  if (dynamics.post_transformation().layer_norm().has_eps())
    json["eps"] = dynamics.post_transformation().layer_norm().eps();
  if (dynamics.has_beta()) json["beta"] = dynamics.beta();
  if (dynamics.has_max_iterations()) json["max_iterations"] = dynamics.max_iterations();
  if (dynamics.has_tolerance()) json["tolerance"] = dynamics.tolerance();
  return json;
}

}  // namespace engram::cli
