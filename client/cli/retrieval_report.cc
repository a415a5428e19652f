#include "client/cli/retrieval_report.h"

#include <algorithm>
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

}  // namespace

std::string StopReasonText(v1::StopReason reason) {
  return reason == v1::STOP_REASON_FIXED_POINT ? "fixed point" : StopReasonName(reason);
}

Table RetrievalTable(const v1::RetrieveResponse& response) {
  Table table(
      {"query", "iterations", "stopped at", "exact", "support", "energy before", "energy after", "residual"});
  for (int i = 0; i < response.retrievals_size(); ++i) {
    const v1::Retrieval& retrieval = response.retrievals(i);
    table.AddRow({absl::StrCat(i), absl::StrCat(retrieval.iterations()),
                  StopReasonText(retrieval.stop_reason()), retrieval.exact() ? "yes" : "no",
                  CountText(retrieval.support_size()),
                  retrieval.has_energy_before() ? NumberText(retrieval.energy_before()) : "-",
                  retrieval.has_energy_after() ? NumberText(retrieval.energy_after()) : "-",
                  NumberText(retrieval.residual())});
  }
  return table;
}

Table SupportTable(const v1::RetrieveResponse& response, int entries) {
  const bool has_payloads =
      std::any_of(response.retrievals().begin(), response.retrievals().end(),
                  [](const v1::Retrieval& retrieval) { return retrieval.support_payloads_size() > 0; });
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
    if (retrieval.has_energy_before()) entry["energy_before"] = retrieval.energy_before();
    if (retrieval.has_energy_after()) entry["energy_after"] = retrieval.energy_after();
    if (retrieval.has_error_bound()) entry["error_bound"] = retrieval.error_bound();
    json.push_back(std::move(entry));
  }
  return json;
}

}  // namespace engram::cli
