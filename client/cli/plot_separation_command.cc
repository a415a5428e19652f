#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "client/cli/bank_probe.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/plot_output.h"
#include "client/cli/separation_plot.h"
#include "client/cli/separation_report.h"

namespace engram::cli {
namespace {

struct SeparationPlotFlags {
  PlotFlags plot;
  DynamicsFlags dynamics;
  std::optional<int32_t> bins;
};

absl::Status PlotSeparation(const SeparationPlotFlags& flags, const Context& context) {
  const absl::StatusOr<PlotOutput> output = ParsePlotOutput(flags.plot, context);
  if (!output.ok()) return output.status();
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  const absl::StatusOr<BankProbe> probe = BankProbe::Make(flags.plot.bank, *dynamics, context);
  if (!probe.ok()) return probe.status();
  const absl::StatusOr<v1::SeparationReport> report = probe->ReportSeparation(flags.bins);
  if (!report.ok()) return report.status();
  const int64_t pattern_count = probe->bank().pattern_count();
  Plot plot;
  plot.svg = DrawSeparation(*report, flags.plot.bank, pattern_count, probe->dynamics(), flags.plot.width);
  plot.json = {{"bank", flags.plot.bank}};
  plot.json.update(SeparationJson(*report, pattern_count));
  plot.table = SeparationTable(*report, pattern_count);
  return WritePlot(plot, *output, context);
}

}  // namespace

void AddPlotSeparationCommand(CLI::App& plot, Command* chosen) {
  auto flags = std::make_shared<SeparationPlotFlags>();
  CLI::App& separation = *plot.add_subcommand("separation", "Draw how well patterns can be told apart");
  AddPlotFlags(separation, &flags->plot);
  separation.add_option("--bins", flags->bins, "Bins of the histogram [20]")->type_name("N");
  AddDynamicsFlags(separation, &flags->dynamics);
  separation.footer(
      "A line stands where the separation is just enough for exact retrieval: patterns to its right are\n"
      "retrieved exactly at that beta. See 'engram separation'.\n\n"
      "Example:\n"
      "  engram plot separation digits -o separation.svg --alpha 2 --beta 8");
  separation.callback(
      [=] { *chosen = [=](const Context& context) { return PlotSeparation(*flags, context); }; });
}

}  // namespace engram::cli
