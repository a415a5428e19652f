#include "client/cli/transform_flags.h"

#include <cmath>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/exit_code.h"

namespace engram::cli {
namespace {

// Parameters as bits, so that a transformation can say which it takes.
enum Parameter : unsigned {
  kAlpha = 1,
  kGamma = 2,
  kK = 4,
  kEdge = 8,
  kDegree = 16,
  kRectified = 32,
  kUpperBounds = 64,
};

constexpr struct {
  Parameter bit;
  absl::string_view flag;
} kParameters[] = {{kAlpha, "--alpha"},
                   {kGamma, "--gamma"},
                   {kK, "--top-k"},
                   {kEdge, "--edge"},
                   {kDegree, "--degree"},
                   {kRectified, "--rectified"},
                   {kUpperBounds, "--upper-bounds"}};

struct Transformation {
  absl::string_view name;
  unsigned allowed;
  unsigned required;
  void (*set)(const TransformFlags& flags, v1::Dynamics* dynamics);
};

void SetEntmax(const TransformFlags& flags, v1::Dynamics* dynamics) {
  // Entmax tends to softmax as alpha tends to 1.
  if (flags.alpha == 1.0) {
    dynamics->mutable_softmax();
  } else {
    v1::Entmax* entmax = dynamics->mutable_entmax();
    if (flags.alpha.has_value()) entmax->set_alpha(*flags.alpha);
  }
}

void SetNormmax(const TransformFlags& flags, v1::Dynamics* dynamics) {
  v1::Normmax* normmax = dynamics->mutable_normmax();
  if (flags.gamma.has_value()) normmax->set_gamma(*flags.gamma);
}

void SetSequentialKSubsets(const TransformFlags& flags, v1::Dynamics* dynamics) {
  v1::SequentialKSubsets* subsets = dynamics->mutable_sequential_k_subsets();
  subsets->set_k(*flags.k);
  if (flags.edge.has_value()) subsets->set_edge(*flags.edge);
}

void SetConstrainedSparsemax(const TransformFlags& flags, v1::Dynamics* dynamics) {
  dynamics->mutable_constrained_sparsemax()->mutable_upper_bounds()->Assign(flags.upper_bounds.begin(),
                                                                            flags.upper_bounds.end());
}

void SetPolynomial(const TransformFlags& flags, v1::Dynamics* dynamics) {
  dynamics->mutable_polynomial()->set_degree(*flags.degree);
  dynamics->mutable_polynomial()->set_rectified(flags.rectified);
}

// Without --transform, the first that takes all given parameters is meant.
constexpr Transformation kTransformations[] = {
    {"entmax", kAlpha, 0, SetEntmax},
    {"softmax", 0, 0, [](const TransformFlags&, v1::Dynamics* dynamics) { dynamics->mutable_softmax(); }},
    {"sparsemax", 0, 0,
     [](const TransformFlags&, v1::Dynamics* dynamics) { dynamics->mutable_entmax()->set_alpha(2); }},
    {"normmax", kGamma, 0, SetNormmax},
    {"k-subsets", kK, kK,
     [](const TransformFlags& flags, v1::Dynamics* dynamics) {
       dynamics->mutable_k_subsets()->set_k(*flags.k);
     }},
    {"sequential-k-subsets", kK | kEdge, kK, SetSequentialKSubsets},
    {"constrained-sparsemax", kUpperBounds, kUpperBounds, SetConstrainedSparsemax},
    {"identity", 0, 0, [](const TransformFlags&, v1::Dynamics* dynamics) { dynamics->mutable_identity(); }},
    {"polynomial", kDegree | kRectified, kDegree, SetPolynomial},
    {"exponential", 0, 0,
     [](const TransformFlags&, v1::Dynamics* dynamics) { dynamics->mutable_exponential(); }},
};

unsigned GivenParameters(const TransformFlags& flags) {
  return (flags.alpha.has_value() ? kAlpha : 0U) | (flags.gamma.has_value() ? kGamma : 0U) |
         (flags.k.has_value() ? kK : 0U) | (flags.edge.has_value() ? kEdge : 0U) |
         (flags.degree.has_value() ? kDegree : 0U) | (flags.rectified ? kRectified : 0U) |
         (flags.upper_bounds.empty() ? 0U : kUpperBounds);
}

std::string FlagsText(unsigned parameters) {
  std::vector<absl::string_view> flags;
  for (const auto& parameter : kParameters) {
    if ((parameters & parameter.bit) != 0) flags.push_back(parameter.flag);
  }
  return flags.empty() ? "none" : absl::StrJoin(flags, " and ");
}

absl::StatusOr<const Transformation*> FindTransformation(const std::string& name, unsigned given) {
  for (const Transformation& transformation : kTransformations) {
    if (name.empty() ? (given & ~transformation.allowed) == 0 : name == transformation.name)
      return &transformation;
  }
  if (name.empty())
    return UsageError(absl::StrCat(FlagsText(given), " contradict each other: no transformation takes both"));
  return UsageError(
      absl::StrCat("--transform: got '", name, "', allowed are ", absl::StrJoin(TransformNames(), ", ")));
}

}  // namespace

std::vector<std::string> TransformNames() {
  std::vector<std::string> names;
  for (const Transformation& transformation : kTransformations) names.emplace_back(transformation.name);
  return names;
}

absl::Status SetTransformation(const TransformFlags& flags, v1::Dynamics* dynamics) {
  const unsigned given = GivenParameters(flags);
  if (flags.transform.empty() && given == 0) return absl::OkStatus();
  const absl::StatusOr<const Transformation*> found = FindTransformation(flags.transform, given);
  if (!found.ok()) return found.status();
  const Transformation& transformation = **found;
  if (const unsigned extra = given & ~transformation.allowed; extra != 0) {
    return UsageError(absl::StrCat(FlagsText(extra), " and --transform ", transformation.name,
                                   " contradict each other: its parameters are ",
                                   FlagsText(transformation.allowed)));
  }
  if (const unsigned missing = transformation.required & ~given; missing != 0) {
    return UsageError(absl::StrCat(transformation.name, " needs ", FlagsText(missing)));
  }
  if (flags.alpha.has_value() && !(*flags.alpha >= 1)) {
    return UsageError(
        absl::StrCat("--alpha: got ", *flags.alpha, ", allowed is 1 (softmax) and above, 2 is sparsemax"));
  }
  transformation.set(flags, dynamics);
  return absl::OkStatus();
}

}  // namespace engram::cli
