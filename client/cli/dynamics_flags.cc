#include "client/cli/dynamics_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/choice_option.h"
#include "client/cli/exit_code.h"
#include "client/cli/upper_bounds.h"

namespace engram::cli {
namespace {

constexpr struct {
  const char* name;
  void (*set)(v1::PostTransformation* post);
} kPostTransformations[] = {
    {"identity", [](v1::PostTransformation* post) { post->mutable_identity(); }},
    {"l2-normalize", [](v1::PostTransformation* post) { post->mutable_l2_normalize(); }},
    {"layer-norm", [](v1::PostTransformation* post) { post->mutable_layer_norm(); }},
    {"tanh", [](v1::PostTransformation* post) { post->mutable_tanh(); }},
    {"sign", [](v1::PostTransformation* post) { post->mutable_sign(); }},
};

std::vector<std::string> PostTransformNames() {
  std::vector<std::string> names;
  for (const auto& known : kPostTransformations) names.emplace_back(known.name);
  return names;
}

// --eps alone means layer-norm, which alone has it.
absl::Status SetPostTransformation(const DynamicsFlags& flags, v1::Dynamics* dynamics) {
  const std::string name =
      flags.post_transform.empty() && flags.eps.has_value() ? "layer-norm" : flags.post_transform;
  if (name.empty()) return absl::OkStatus();
  if (flags.eps.has_value() && name != "layer-norm") {
    return UsageError(
        absl::StrCat("--eps and --post-transform ", name, " contradict each other: it is of layer-norm"));
  }
  for (const auto& known : kPostTransformations) {
    if (name != known.name) continue;
    known.set(dynamics->mutable_post_transformation());
    if (flags.eps.has_value())
      dynamics->mutable_post_transformation()->mutable_layer_norm()->set_eps(*flags.eps);
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("--post-transform: got '", name, "', which is none"));
}

}  // namespace

void AddDynamicsFlags(CLI::App& command, DynamicsFlags* flags) {
  TransformFlags* transform = &flags->transform;
  const std::string group = "Dynamics [the bank's defaults where not given]";
  AddChoice(command, "--transform", transform->transform, TransformNames(), "From scores to weights")
      ->group(group);
  command.add_option("--alpha", transform->alpha, "Entmax: 1 is softmax, 2 is sparsemax")->group(group);
  command.add_option("--gamma", transform->gamma, "Normmax: above 1")->group(group);
  command.add_option("--top-k,--k", transform->k, "k-subsets: the state is a sum of K patterns")
      ->type_name("K")
      ->group(group);
  command
      .add_option("--edge", transform->edge, "Sequential k-subsets: score of each adjacent pair; inf: a run")
      ->group(group);
  command
      .add_option("--upper-bounds", flags->upper_bounds,
                  "Constrained sparsemax: largest weights by ascending id, as text or .npy")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--degree", transform->degree, "Polynomial: the power")->group(group);
  command.add_flag("--rectified", transform->rectified, "Polynomial: of the positive part")->group(group);
  AddChoice(command, "--post-transform", flags->post_transform, PostTransformNames(),
            "Applied to the state after each update")
      ->group(group);
  command.add_option("--eps", flags->eps, "Layer norm: added to the variance, above 0")->group(group);
  command.add_option("--beta", flags->beta, "Inverse temperature, above 0; larger is sharper")->group(group);
  command.add_option("--max-iterations", flags->max_iterations, "Largest number of updates")->group(group);
  command.add_option("--tolerance", flags->tolerance, "Stop below this change; 0: an exact fixed point")
      ->group(group);
}

absl::StatusOr<v1::Dynamics> ParseDynamics(const DynamicsFlags& flags) {
  v1::Dynamics dynamics;
  TransformFlags transform = flags.transform;
  if (!flags.upper_bounds.empty()) {
    absl::StatusOr<std::vector<double>> upper_bounds = ReadUpperBounds(flags.upper_bounds);
    if (!upper_bounds.ok()) return upper_bounds.status();
    transform.upper_bounds = *std::move(upper_bounds);
  }
  if (const absl::Status status = SetTransformation(transform, &dynamics); !status.ok()) return status;
  if (const absl::Status status = SetPostTransformation(flags, &dynamics); !status.ok()) return status;
  if (flags.beta.has_value()) dynamics.set_beta(*flags.beta);
  if (flags.max_iterations.has_value()) dynamics.set_max_iterations(*flags.max_iterations);
  if (flags.tolerance.has_value()) dynamics.set_tolerance(*flags.tolerance);
  return dynamics;
}

}  // namespace engram::cli
