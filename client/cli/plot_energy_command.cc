#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/number_text.h"
#include "client/cli/pattern_source.h"
#include "client/cli/plot_output.h"
#include "client/cli/plot_palette.h"
#include "client/cli/retrieval_report.h"
#include "client/cli/trajectory.h"

namespace engram::cli {
namespace {

constexpr double kHeightShare = 0.5;
// Queries that have a colour and a name each.
constexpr size_t kMostNamed = 7;

struct EnergyPlotFlags {
  PlotFlags plot;
  DynamicsFlags dynamics;
  PatternSource query;
};

void DrawTrajectory(const Trajectory& trajectory, const std::string& color, bool is_named, PlotFrame* frame) {
  std::vector<Point> points;
  for (size_t i = 0; i < trajectory.energies.size(); ++i)
    points.push_back(frame->At(static_cast<double>(i), trajectory.energies[i]));
  frame->marks().Polyline(points, {{"stroke", color},
                                   {"stroke-width", is_named ? "1.8" : "0.8"},
                                   {"stroke-opacity", is_named ? "1" : "0.5"}});
  if (!is_named) return;
  for (const Point& point : points) frame->marks().Circle(point, 2.5, {{"fill", color}});
}

std::string Draw(const EnergyPlotFlags& flags, const std::vector<Trajectory>& trajectories,
                 const BankProbe& probe) {
  std::vector<double> energies;
  size_t longest = 2;
  for (const Trajectory& trajectory : trajectories) {
    energies.insert(energies.end(), trajectory.energies.begin(), trajectory.energies.end());
    longest = std::max(longest, trajectory.energies.size());
  }
  PlotFrame frame(flags.plot.width, absl::StrCat("Energy of queries in '", probe.bank().name(), "'"),
                  DynamicsText(probe.dynamics()));
  const double last = static_cast<double>(longest - 1);
  frame.BeginArea({"update", -0.03 * last, 1.03 * last, Scale::kWhole}, FitAxis("energy", energies, 0.05),
                  kHeightShare * flags.plot.width);
  const bool is_named = trajectories.size() <= kMostNamed;
  for (size_t i = 0; i < trajectories.size(); ++i) {
    const std::string color = SeriesColor(is_named ? i : 0);
    DrawTrajectory(trajectories[i], color, is_named, &frame);
    if (is_named) frame.AddLegend({LegendEntry::Mark::kLine, color, absl::StrCat("query ", i)});
  }
  if (!is_named) {
    frame.AddLegend({LegendEntry::Mark::kLine, SeriesColor(0),
                     absl::StrCat(CountText(static_cast<int64_t>(trajectories.size())), " queries")});
  }
  return frame.Finish();
}

Json TrajectoriesJson(const std::vector<Trajectory>& trajectories) {
  Json json = Json::array();
  for (const Trajectory& trajectory : trajectories) {
    json.push_back(
        {{"energies", EnergiesJson(trajectory)}, {"stop_reason", StopReasonName(trajectory.stop_reason)}});
  }
  return json;
}

absl::Status PlotEnergy(const EnergyPlotFlags& flags, const Context& context) {
  const absl::StatusOr<PlotOutput> output = ParsePlotOutput(flags.plot, context);
  if (!output.ok()) return output.status();
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  const absl::StatusOr<Rows> queries = ReadRows(flags.query, context);
  if (!queries.ok()) return queries.status();
  const absl::StatusOr<BankProbe> probe = BankProbe::Make(flags.plot.bank, *dynamics, context);
  if (!probe.ok()) return probe.status();
  if (const absl::Status status = ValidateQueries(*queries, *probe); !status.ok()) return status;
  const absl::StatusOr<std::vector<Trajectory>> trajectories = FollowQueries(*probe, *queries);
  if (!trajectories.ok()) return trajectories.status();
  Plot plot;
  plot.svg = Draw(flags, *trajectories, *probe);
  plot.json = {{"bank", flags.plot.bank},
               {"version", probe->bank().version()},
               {"trajectories", TrajectoriesJson(*trajectories)}};
  return WritePlot(plot, *output, context);
}

}  // namespace

void AddPlotEnergyCommand(CLI::App& plot, Command* chosen) {
  auto flags = std::make_shared<EnergyPlotFlags>();
  CLI::App& energy = *plot.add_subcommand("energy", "Draw the energy of queries, update by update");
  AddPlotFlags(energy, &flags->plot);
  energy
      .add_option("-q,--query", flags->query.text,
                  "Queries, one a row; '-' is standard input; or numbers: 0.1,0.2")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(energy, &flags->query);
  AddDynamicsFlags(energy, &flags->dynamics);
  energy.footer(
      "Update 0 is the query. No update raises the energy.\n\n"
      "Examples:\n"
      "  engram plot energy digits --query noisy.npy -o energy.svg --beta 8\n"
      "  engram plot energy five --query 0.1,0.2 --alpha 1 > energy.svg");
  energy.callback([=] { *chosen = [=](const Context& context) { return PlotEnergy(*flags, context); }; });
}

}  // namespace engram::cli
