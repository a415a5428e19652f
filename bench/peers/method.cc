#include "bench/peers/method.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/peers/baseline_methods.h"
#include "bench/peers/engram_methods.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

absl::StatusOr<ScreenedBy> ParseScreenedBy(const std::string& name) {
  if (name == "int8") return ScreenedBy::kInt8;
  if (name == "float32") return ScreenedBy::kFloat32;
  return absl::InvalidArgumentError(absl::StrCat("screening: got ", name, ", allowed int8 and float32"));
}

}  // namespace

absl::StatusOr<Dynamics> ParseDynamics(const Command& command) {
  Dynamics dynamics;
  const std::string transform = command.Text("transform", "entmax");
  if (transform == "softmax") {
    dynamics.transform = Softmax();
  } else if (transform == "entmax") {
    ENGRAM_ASSIGN_OR_RETURN(const double alpha, command.Number("alpha", 1.5));
    ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, Entmax::Make(alpha));
  } else if (transform == "k_subsets") {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t k, command.Integer("k", 1));
    ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, KSubsets::Make(k));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("transform: got ", transform, ", allowed softmax, entmax and k_subsets"));
  }
  ENGRAM_ASSIGN_OR_RETURN(dynamics.beta, command.Number("beta", 28));
  ENGRAM_ASSIGN_OR_RETURN(dynamics.max_iterations, command.Integer("max_iterations", 100));
  return dynamics;
}

Answer ToAnswer(const std::vector<Survivor>& support, std::vector<double> weights,
                std::vector<double> state) {
  Answer answer;
  for (const Survivor& survivor : support) answer.ids.push_back(survivor.id);
  answer.weights = std::move(weights);
  answer.state = std::move(state);
  return answer;
}

absl::StatusOr<std::unique_ptr<Method>> MakeMethod(const Command& command, PeerData* data, Runner* runner) {
  const std::string name = command.Text("method", "");
  ENGRAM_ASSIGN_OR_RETURN(const int64_t batch, command.Integer("batch", 1));
  ENGRAM_ASSIGN_OR_RETURN(const Dynamics dynamics, ParseDynamics(command));
  ENGRAM_ASSIGN_OR_RETURN(const ScreenedBy screened_by, ParseScreenedBy(command.Text("screening", "int8")));
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch: got ", batch, ", allowed 1 or more"));
  if (name == "read") return MakeReadMethod(data, runner->pool());
  if (name == "eigen") {
    return MakePlainEigenMethod(data, static_cast<float>(dynamics.beta), batch);
  }
  ENGRAM_ASSIGN_OR_RETURN(const BankSnapshot bank, data->Bank(screened_by));
  ENGRAM_RETURN_IF_ERROR(ValidateFor(dynamics.transform, bank.pattern_count()));
  if (name == "retrieve") {
    return MakeRetrieveMethod(data, bank, dynamics, runner->engine(), batch);
  }
  Sweeper* const sweeper = name == "reference" ? runner->reference() : runner->cpu();
  if (name == "update" || name == "reference") {
    return MakeUpdateMethod(data, bank, dynamics, sweeper, runner->pool(), batch, 1);
  }
  if (name == "stream") {
    if (!std::holds_alternative<Softmax>(dynamics.transform)) {
      return absl::InvalidArgumentError("method: stream is for transform=softmax");
    }
    return MakeStreamMethod(data, bank, dynamics, sweeper, batch);
  }
  if (name == "rescan") {
    return MakeUpdateMethod(data, bank, dynamics, sweeper, runner->pool(), batch, dynamics.max_iterations);
  }
  return absl::InvalidArgumentError(absl::StrCat("method: got ", name));
}

}  // namespace engram::bench
