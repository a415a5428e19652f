#include "client/cli/energy_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"

namespace engram::cli {

Table EnergyTable(const v1::EnergyResponse& response) {
  Table table({"state", "energy", "concave", "convex", "offset", "gradient norm", "upper bound"});
  for (int i = 0; i < response.energies_size(); ++i) {
    const v1::StateEnergy& energy = response.energies(i);
    table.AddRow({absl::StrCat(i), NumberText(energy.total()), NumberText(energy.concave()),
                  NumberText(energy.convex()), NumberText(energy.offset()),
                  NumberText(energy.gradient_norm()), NumberText(energy.upper_bound())});
  }
  return table;
}

Json EnergiesJson(const v1::EnergyResponse& response) {
  Json json = Json::array();
  for (const v1::StateEnergy& energy : response.energies()) {
    json.push_back({{"total", NumberJson(energy.total())},
                    {"concave", NumberJson(energy.concave())},
                    {"convex", NumberJson(energy.convex())},
                    {"offset", NumberJson(energy.offset())},
                    {"gradient_norm", NumberJson(energy.gradient_norm())},
                    {"upper_bound", NumberJson(energy.upper_bound())}});
  }
  return json;
}

std::vector<double> TotalEnergies(const v1::EnergyResponse& response) {
  std::vector<double> totals;
  for (const v1::StateEnergy& energy : response.energies()) totals.push_back(energy.total());
  return totals;
}

}  // namespace engram::cli
