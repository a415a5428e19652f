#include "client/cli/capabilities_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/bank_report.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

// The processor has threads, every other device memory of its own.
bool IsProcessor(const v1::Device& device) { return device.memory_bytes() == 0; }

std::string DeviceText(const v1::Device& device) {
  const std::string name =
      absl::StrCat(device.kind(), device.name().empty() ? "" : absl::StrCat(" ", device.name()));
  if (IsProcessor(device)) {
    return absl::StrCat(name, ", ", device.threads(), " threads, ", device.instruction_set());
  }
  return absl::StrCat(name, ", ", BytesText(device.memory_bytes()), " of memory, ",
                      BytesText(device.memory_budget_bytes()), " for banks");
}

std::string ScreeningText(const v1::Device& device) {
  if (device.screening_instruction_set().empty()) return "none: this backend does not screen";
  return absl::StrCat(device.screening_instruction_set(), " of ",
                      absl::StrJoin(device.screening_instruction_sets(), ", "));
}

Json DevicesJson(const v1::GetCapabilitiesResponse& response) {
  Json json = Json::array();
  for (const v1::Device& device : response.devices()) {
    json.push_back(
        {{"kind", device.kind()},
         {"name", device.name()},
         {"threads", device.threads()},
         {"instruction_set", device.instruction_set()},
         {"screening_instruction_set", device.screening_instruction_set()},
         {"screening_instruction_sets", std::vector<std::string>(device.screening_instruction_sets().begin(),
                                                                 device.screening_instruction_sets().end())},
         {"memory_bytes", device.memory_bytes()},
         {"memory_budget_bytes", device.memory_budget_bytes()}});
  }
  return json;
}

Json LimitsJson(const v1::ServerLimits& limits) {
  return {{"max_message_bytes", limits.max_message_bytes()},
          {"max_banks", limits.max_banks()},
          {"max_dim", limits.max_dim()},
          {"max_batch", limits.max_batch()},
          {"queue_capacity", limits.queue_capacity()},
          {"memory_budget_bytes", limits.memory_budget_bytes()},
          {"max_payload_bytes", limits.max_payload_bytes()},
          {"max_iterations", limits.max_iterations()}};
}

void AddLimits(const v1::ServerLimits& limits, Table* table) {
  table->AddRow({"max message", BytesText(limits.max_message_bytes())});
  table->AddRow({"max dim", CountText(limits.max_dim())});
  table->AddRow({"max batch", absl::StrCat(CountText(limits.max_batch()), " queries")});
  table->AddRow({"max payload", BytesText(limits.max_payload_bytes())});
  table->AddRow({"max iterations", CountText(limits.max_iterations())});
  table->AddRow({"queue capacity", absl::StrCat(CountText(limits.queue_capacity()), " queries")});
}

}  // namespace

Table CapabilitiesTable(const v1::GetCapabilitiesResponse& response) {
  const v1::ServerLimits& limits = response.limits();
  Table table({});
  table.AddRow({"server", absl::StrCat("engramd ", response.server_version())});
  table.AddRow({"API", absl::StrCat(response.min_api_version(), " to ", response.max_api_version())});
  table.AddRow({"backend", absl::StrCat(response.backend(), " (", response.backend_reason(), ")")});
  table.AddRow({"backends built in", absl::StrJoin(response.backends(), ", ")});
  for (const v1::Device& device : response.devices()) {
    table.AddRow({"device", DeviceText(device)});
    if (IsProcessor(device)) table.AddRow({"screening with", ScreeningText(device)});
  }
  table.AddRow({"transformations", absl::StrJoin(response.transformations(), ", ")});
  table.AddRow({"post-transformations", absl::StrJoin(response.post_transformations(), ", ")});
  table.AddRow({"default durability", DurabilityText(response.default_durability())});
  table.AddRow(
      {"banks", absl::StrCat(CountText(response.bank_count()), " of ", CountText(limits.max_banks()))});
  table.AddRow({"memory", absl::StrCat(BytesText(response.memory_used_bytes()), " of ",
                                       BytesText(limits.memory_budget_bytes()))});
  AddLimits(limits, &table);
  return table;
}

Json CapabilitiesJson(const v1::GetCapabilitiesResponse& response) {
  return {{"server_version", response.server_version()},
          {"min_api_version", response.min_api_version()},
          {"max_api_version", response.max_api_version()},
          {"backend", response.backend()},
          {"backend_reason", response.backend_reason()},
          {"backends", std::vector<std::string>(response.backends().begin(), response.backends().end())},
          {"devices", DevicesJson(response)},
          {"transformations",
           std::vector<std::string>(response.transformations().begin(), response.transformations().end())},
          {"post_transformations", std::vector<std::string>(response.post_transformations().begin(),
                                                            response.post_transformations().end())},
          {"default_durability", DurabilityText(response.default_durability())},
          {"bank_count", response.bank_count()},
          {"memory_used_bytes", response.memory_used_bytes()},
          {"limits", LimitsJson(response.limits())}};
}

}  // namespace engram::cli
