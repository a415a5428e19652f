#include "client/cli/retrieval_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"
#include "client/cli/pattern_report.h"

namespace engram::cli {
namespace {

constexpr int kBarWidth = 20;

std::string WeightBar(double weight) {
  const auto length = static_cast<size_t>(std::clamp(weight, 0.0, 1.0) * kBarWidth + 0.5);
  return std::string(length, '#');
}

// Counts what both lists have: a response may have been cut.
int ReturnedSupport(const v1::Retrieval& retrieval) {
  return std::min(retrieval.support_ids_size(), retrieval.support_weights_size());
}

std::string PayloadAt(const v1::Retrieval& retrieval, int index) {
  return index < retrieval.support_payloads_size() ? retrieval.support_payloads(index) : "";
}

Json SupportJson(const v1::Retrieval& retrieval) {
  Json json = Json::array();
  for (int i = 0; i < ReturnedSupport(retrieval); ++i) {
    Json entry = {{"id", retrieval.support_ids(i)}, {"weight", retrieval.support_weights(i)}};
    SetPayload(PayloadAt(retrieval, i), &entry);
    json.push_back(std::move(entry));
  }
  return json;
}

// "yes" for one pattern, "yes, 3 patterns" for a k-subset: their weights add up to k.
std::string ExactText(const v1::Retrieval& retrieval) {
  if (!retrieval.exact()) return "no";
  const bool may_be_subset = retrieval.has_separation() || retrieval.has_duality_gap();
  const int64_t patterns = may_be_subset ? std::llround(retrieval.total_weight()) : 1;
  return patterns > 1 ? absl::StrCat("yes, ", CountText(patterns), " patterns") : "yes";
}

// By how much the scores lead, and what an exact fixed point needs: "0.83 >= 0.25 needed".
std::string CertificateText(const v1::Retrieval& retrieval) {
  if (!retrieval.has_separation()) return "-";
  if (!retrieval.has_required_separation()) return NumberText(retrieval.separation());
  const bool is_certified = retrieval.separation() >= retrieval.required_separation();
  return absl::StrCat(NumberText(retrieval.separation()), is_certified ? " >= " : " < ",
                      NumberText(retrieval.required_separation()), " needed");
}

template <typename Has>
bool Any(const v1::RetrieveResponse& response, const Has& has) {
  return std::any_of(response.retrievals().begin(), response.retrievals().end(), has);
}

}  // namespace

std::string StopReasonName(v1::StopReason reason) {
  switch (reason) {
    case v1::STOP_REASON_FIXED_POINT:
      return "fixed_point";
    case v1::STOP_REASON_TOLERANCE:
      return "tolerance";
    case v1::STOP_REASON_LIMIT:
      return "limit";
    default:
      return "unknown";
  }
}

std::string StopReasonText(v1::StopReason reason) {
  return reason == v1::STOP_REASON_FIXED_POINT ? "fixed point" : StopReasonName(reason);
}

Table RetrievalTable(const v1::RetrieveResponse& response) {
  const bool certified = Any(response, [](const v1::Retrieval& r) { return r.has_separation(); });
  const bool has_gaps = Any(response, [](const v1::Retrieval& r) { return r.has_duality_gap(); });
  const bool has_bounds = Any(response, [](const v1::Retrieval& r) { return r.has_error_bound(); });
  std::vector<std::string> header = {"query",   "iterations",    "stopped at",   "exact",
                                     "support", "energy before", "energy after", "residual"};
  if (certified) header.emplace_back("separation");
  if (has_gaps) header.emplace_back("duality gap");
  if (has_bounds) header.emplace_back("error bound");
  Table table(std::move(header));
  for (int i = 0; i < response.retrievals_size(); ++i) {
    const v1::Retrieval& retrieval = response.retrievals(i);
    std::vector<std::string> cells = {
        absl::StrCat(i),
        absl::StrCat(retrieval.iterations()),
        StopReasonText(retrieval.stop_reason()),
        ExactText(retrieval),
        CountText(retrieval.support_size()),
        retrieval.has_energy_before() ? NumberText(retrieval.energy_before()) : "-",
        retrieval.has_energy_after() ? NumberText(retrieval.energy_after()) : "-",
        NumberText(retrieval.residual())};
    if (certified) cells.push_back(CertificateText(retrieval));
    if (has_gaps) cells.push_back(retrieval.has_duality_gap() ? NumberText(retrieval.duality_gap()) : "-");
    if (has_bounds) cells.push_back(retrieval.has_error_bound() ? NumberText(retrieval.error_bound()) : "-");
    table.AddRow(std::move(cells));
  }
  return table;
}

Table SupportTable(const v1::RetrieveResponse& response, int entries) {
  const bool has_payloads =
      Any(response, [](const v1::Retrieval& r) { return r.support_payloads_size() > 0; });
  std::vector<std::string> header = {"query", "id", "weight", ""};
  if (has_payloads) header.emplace_back("payload");
  const size_t columns = header.size();
  Table table(std::move(header));
  const auto add_row = [&](std::vector<std::string> cells) {
    cells.resize(columns);
    table.AddRow(std::move(cells));
  };
  for (int i = 0; i < response.retrievals_size(); ++i) {
    const v1::Retrieval& retrieval = response.retrievals(i);
    const int shown = std::min(entries, ReturnedSupport(retrieval));
    for (int j = 0; j < shown; ++j) {
      const double weight = retrieval.support_weights(j);
      add_row({absl::StrCat(i), absl::StrCat(retrieval.support_ids(j)), NumberText(weight), WeightBar(weight),
               PayloadText(PayloadAt(retrieval, j))});
    }
    if (const int64_t rest = retrieval.support_size() - shown; rest > 0) {
      add_row({absl::StrCat(i), "-", "-", absl::StrCat("and ", CountText(rest), " more")});
    }
  }
  return table;
}

Json RetrievalsJson(const v1::RetrieveResponse& response, const Rows& states, const Rows& values) {
  Json json = Json::array();
  for (int i = 0; i < response.retrievals_size(); ++i) {
    const v1::Retrieval& retrieval = response.retrievals(i);
    Json entry = {{"state", NumbersJson(states.row(i))}};
    if (values.count() > 0) entry["value"] = NumbersJson(values.row(i));
    entry["support"] = SupportJson(retrieval);
    entry["support_size"] = retrieval.support_size();
    entry["total_weight"] = retrieval.total_weight();
    entry["iterations"] = retrieval.iterations();
    entry["stop_reason"] = StopReasonName(retrieval.stop_reason());
    entry["exact"] = retrieval.exact();
    entry["residual"] = retrieval.residual();
    entry["sweeps"] = retrieval.sweeps();
    if (retrieval.has_energy_before()) entry["energy_before"] = NumberJson(retrieval.energy_before());
    if (retrieval.has_energy_after()) entry["energy_after"] = NumberJson(retrieval.energy_after());
    entry["arithmetic"] = retrieval.arithmetic() == v1::ARITHMETIC_FAST ? "fast" : "exact";
    if (retrieval.has_error_bound()) entry["error_bound"] = retrieval.error_bound();
    if (retrieval.has_separation()) entry["separation"] = NumberJson(retrieval.separation());
    if (retrieval.has_required_separation())
      entry["required_separation"] = NumberJson(retrieval.required_separation());
    if (retrieval.has_duality_gap()) entry["duality_gap"] = retrieval.duality_gap();
    json.push_back(std::move(entry));
  }
  return json;
}

}  // namespace engram::cli
