#include "server/parse_recall.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/limits.h"
#include "server/parse_dynamics.h"
#include "server/parse_matrix.h"
#include "server/parse_request.h"

namespace engram {
namespace {

// An error about the transformation, the request's own or the bank's.
absl::Status WrongTransform(const v1::Dynamics& wire, const Transform& transform, const char* allowed) {
  const bool is_own = wire.transformation_case() != v1::Dynamics::TRANSFORMATION_NOT_SET;
  const char* name = NameOf(transform);
  return InvalidField(absl::StrCat("dynamics.", name),
                      absl::StrCat(name, is_own ? "" : ", the bank's default"), allowed);
}

// One that gives all weight to the best pattern if its lead is large enough, or nearly so.
bool RetrievesSinglePatterns(const Transform& transform) {
  return std::holds_alternative<Softmax>(transform) || std::holds_alternative<Entmax>(transform) ||
         std::holds_alternative<Normmax>(transform);
}

absl::Status ParsePenalty(const v1::RecallRequest::Penalty& wire, const char* field, RecallPlan* plan) {
  if (wire.has_strength()) plan->strength = wire.strength();
  // Written so that NaN fails, here and below.
  if (!(plan->strength > 0 && plan->strength <= Limits::kMaxStrength)) {
    return InvalidField(absl::StrCat(field, ".strength"), absl::StrCat(plan->strength),
                        absl::StrCat("greater than 0, at most ", Limits::kMaxStrength));
  }
  if (wire.has_decay()) plan->decay = wire.decay();
  if (!(plan->decay > 0 && plan->decay <= 1)) {
    return InvalidField(absl::StrCat(field, ".decay"), absl::StrCat(plan->decay),
                        "greater than 0, at most 1");
  }
  return absl::OkStatus();
}

absl::Status ParseMode(const v1::RecallRequest& request, RecallPlan* plan) {
  if (request.has_penalty()) {
    plan->mode = RecallMode::kPenalty;
    return ParsePenalty(request.penalty(), "penalty", plan);
  }
  if (!request.has_sequential()) return absl::OkStatus();
  plan->mode = RecallMode::kSequential;
  ENGRAM_RETURN_IF_ERROR(ParsePenalty(request.sequential().penalty(), "sequential.penalty", plan));
  if (request.sequential().has_bonus()) plan->bonus = request.sequential().bonus();
  if (plan->bonus >= 1 && plan->bonus <= Limits::kMaxBonus) return absl::OkStatus();
  return InvalidField("sequential.bonus", absl::StrCat(plan->bonus),
                      absl::StrCat("1 to ", Limits::kMaxBonus));
}

// Takes from the dynamics what the mode needs.
absl::Status ParseTransform(const v1::Dynamics& wire, RecallPlan* plan) {
  Transform& transform = plan->dynamics.transform;
  if (plan->mode != RecallMode::kUsedUp) {
    if (RetrievesSinglePatterns(transform)) return absl::OkStatus();
    return WrongTransform(wire, transform, "softmax, entmax or normmax");
  }
  if (const auto* bounds = std::get_if<ConstrainedSparsemax>(&transform)) {
    plan->upper_bounds.assign(bounds->upper_bounds().begin(), bounds->upper_bounds().end());
  } else if (wire.transformation_case() != v1::Dynamics::TRANSFORMATION_NOT_SET) {
    return WrongTransform(wire, transform, "none or constrained_sparsemax: used_up has its own");
  }
  transform = Softmax();  // Fits every bank; not used.
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParsedRecall> ParseRecall(const v1::RecallRequest& request, const BankSettings& bank) {
  ParsedRecall parsed;
  ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix query,
                          ParseMatrix(request.query(), "query", {bank.dim, "dim", bank.name}));
  if (query.rows != 1) return InvalidField("query.rows", absl::StrCat(query.rows), "1");
  parsed.query.assign(query.values.begin(), query.values.end());
  ENGRAM_ASSIGN_OR_RETURN(parsed.plan.dynamics,
                          ParseDynamicsIn("dynamics", request.dynamics(), bank.default_dynamics));
  ENGRAM_RETURN_IF_ERROR(ParseMode(request, &parsed.plan));
  ENGRAM_RETURN_IF_ERROR(ParseTransform(request.dynamics(), &parsed.plan));
  if (request.max_memories() < 0) {
    return InvalidField("max_memories", absl::StrCat(request.max_memories()), "0 or more");
  }
  parsed.max_memories = request.max_memories();
  ENGRAM_ASSIGN_OR_RETURN(parsed.encoding, ParseEncoding(request.encoding(), query.encoding));
  return parsed;
}

absl::StatusOr<ReportCall> ParseReportSeparation(const v1::ReportSeparationRequest& request,
                                                 const BankSettings& bank) {
  ReportCall call;
  ENGRAM_ASSIGN_OR_RETURN(call.dynamics,
                          ParseDynamicsIn("dynamics", request.dynamics(), bank.default_dynamics));
  const auto* subsets = std::get_if<KSubsets>(&call.dynamics.transform);
  if (!RetrievesSinglePatterns(call.dynamics.transform) && (subsets == nullptr || subsets->k() != 1)) {
    return WrongTransform(request.dynamics(), call.dynamics.transform,
                          "softmax, entmax, normmax, or k_subsets with k = 1");
  }
  call.max_pairs = request.has_max_pairs() ? request.max_pairs() : Limits::kDefaultPairs;
  if (call.max_pairs < 0 || call.max_pairs > Limits::kMaxPairs) {
    return InvalidField("max_pairs", absl::StrCat(call.max_pairs), absl::StrCat("0 to ", Limits::kMaxPairs));
  }
  call.bins = request.has_bins() ? request.bins() : Limits::kDefaultBins;
  if (call.bins < 1 || call.bins > Limits::kMaxBins) {
    return InvalidField("bins", absl::StrCat(call.bins), absl::StrCat("1 to ", Limits::kMaxBins));
  }
  return call;
}

}  // namespace engram
