#include "client/cli/bank_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/dynamics_report.h"
#include "client/cli/number_text.h"
#include "client/cli/time_text.h"

namespace engram::cli {
namespace {

std::string CreateTimeText(const v1::Bank& bank) {
  return bank.has_create_time() ? TimeText(bank.create_time()) : "";
}

std::string StateText(v1::BankState state) {
  switch (state) {
    case v1::BANK_STATE_SERVING:
      return "serving";
    case v1::BANK_STATE_LOADING:
      return "loading";
    case v1::BANK_STATE_QUARANTINED:
      return "quarantined";
    default:
      return "unknown";
  }
}

}  // namespace

std::string DurabilityText(v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_VOLATILE:
      return "volatile";
    case v1::DURABILITY_RELAXED:
      return "relaxed";
    case v1::DURABILITY_SYNCED:
      return "synced";
    default:
      return "server default";
  }
}

std::string ScreeningText(v1::Screening screening) {
  switch (screening) {
    case v1::SCREENING_INT8:
      return "int8";
    case v1::SCREENING_NONE:
      return "none";
    default:
      return "unknown";
  }
}

Table BankTable(const std::vector<v1::Bank>& banks) {
  Table table(
      {"name", "patterns", "dim", "value dim", "version", "memory", "screening", "transform", "state"});
  for (const v1::Bank& bank : banks) {
    table.AddRow({bank.name(), CountText(bank.pattern_count()), absl::StrCat(bank.dim()),
                  bank.value_dim() == 0 ? "-" : absl::StrCat(bank.value_dim()), absl::StrCat(bank.version()),
                  BytesText(bank.memory_bytes()), ScreeningText(bank.screening()),
                  bank.has_default_dynamics() ? TransformText(bank.default_dynamics()) : "-",
                  StateText(bank.state())});
  }
  return table;
}

Table BankDetails(const v1::Bank& bank) {
  const v1::Dynamics& dynamics = bank.default_dynamics();
  const int64_t max_patterns = bank.limits().max_patterns();
  Table table({});
  table.AddRow({"name", bank.name()});
  table.AddRow({"state", bank.state() == v1::BANK_STATE_LOADING
                             ? absl::StrCat("loading, ", CountText(bank.loaded_patterns()), " of ",
                                            CountText(bank.pattern_count()), " patterns")
                             : StateText(bank.state())});
  if (bank.state() == v1::BANK_STATE_QUARANTINED) table.AddRow({"reason", bank.state_message()});
  table.AddRow({"dim", absl::StrCat(bank.dim())});
  table.AddRow({"value dim", bank.value_dim() == 0 ? "none" : absl::StrCat(bank.value_dim())});
  table.AddRow({"patterns", CountText(bank.pattern_count())});
  table.AddRow({"max patterns", max_patterns == 0 ? "bounded by memory only" : CountText(max_patterns)});
  table.AddRow({"version", absl::StrCat(bank.version())});
  table.AddRow({"memory", BytesText(bank.memory_bytes())});
  if (bank.device_bytes() > 0) table.AddRow({"device memory", BytesText(bank.device_bytes())});
  table.AddRow({"largest norm", NumberText(bank.largest_norm())});
  table.AddRow({"durability", DurabilityText(bank.durability())});
  table.AddRow({"screening", ScreeningText(bank.screening())});
  table.AddRow({"created", CreateTimeText(bank)});
  table.AddRow({"transform", TransformText(dynamics)});
  table.AddRow({"post-transform", PostTransformText(dynamics)});
  table.AddRow({"beta", NumberText(dynamics.beta())});
  table.AddRow({"max iterations", absl::StrCat(dynamics.max_iterations())});
  table.AddRow({"tolerance", NumberText(dynamics.tolerance())});
  return table;
}

Json BankJson(const v1::Bank& bank) {
  return {{"name", bank.name()},
          {"dim", bank.dim()},
          {"value_dim", bank.value_dim()},
          {"pattern_count", bank.pattern_count()},
          {"max_patterns", bank.limits().max_patterns()},
          {"version", bank.version()},
          {"memory_bytes", bank.memory_bytes()},
          {"device_bytes", bank.device_bytes()},
          {"largest_norm", bank.largest_norm()},
          {"durability", DurabilityText(bank.durability())},
          {"screening", ScreeningText(bank.screening())},
          {"create_time", CreateTimeText(bank)},
          {"state", StateText(bank.state())},
          {"state_message", bank.state_message()},
          {"loaded_patterns", bank.loaded_patterns()},
          {"default_dynamics", DynamicsJson(bank.default_dynamics())}};
}

}  // namespace engram::cli
