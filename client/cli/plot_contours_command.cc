#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/marching_squares.h"
#include "client/cli/pattern_report.h"
#include "client/cli/pattern_source.h"
#include "client/cli/plane_view.h"
#include "client/cli/plot_output.h"
#include "client/cli/plot_palette.h"
#include "client/cli/progress_bar.h"
#include "client/cli/trajectory.h"

namespace engram::cli {
namespace {

// More patterns would hide the lines, and reading them would take longer than the picture.
constexpr int64_t kMostPatterns = 10'000;

// Levels in the legend; colours between theirs tell the others.
constexpr size_t kMostNamedLevels = 6;

struct ContourFlags {
  PlotFlags plot;
  PlaneFlags plane;
  DynamicsFlags dynamics;
  PatternSource query;
  int resolution = 100;
  int levels = 11;
};

// What the picture shows, as numbers.
struct Contours {
  PlaneView view;
  Grid energies;
  // Ascending.
  std::vector<double> levels;
  std::vector<Trajectory> trajectories;
};

// Levels that a paraboloid would have at equal distances: energies grow like one outside the patterns.
std::vector<double> ChooseLevels(const std::vector<double>& energies, int count) {
  const Axis range = FitAxis("", energies, 0);
  std::vector<double> levels;
  for (int i = 0; i < count; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / count;
    levels.push_back(range.from + (range.to - range.from) * share * share);
  }
  return levels;
}

absl::StatusOr<Contours> Compute(const ContourFlags& flags, const BankProbe& probe, const Rows& queries,
                                 const Screen& screen) {
  const absl::StatusOr<BankPatterns> patterns = probe.ReadPatterns(kMostPatterns);
  if (!patterns.ok()) return patterns.status();
  absl::StatusOr<PlaneView> view = MakePlaneView(flags.plane, *patterns, queries);
  if (!view.ok()) return view.status();
  Contours contours{*std::move(view), {}, {}, {}};
  const Rows states = contours.view.GridPoints(flags.resolution, probe.bank().dim());
  ProgressBar bar(screen, "computing", states.count(), absl::Now());
  ProbeOptions options;
  options.progress = [&bar](int64_t done) { bar.Update(done, absl::Now()); };
  absl::StatusOr<std::vector<double>> energies = probe.Energies(states, options);
  if (!energies.ok()) return energies.status();
  contours.levels = ChooseLevels(*energies, flags.levels);
  contours.energies = {flags.resolution, *std::move(energies)};
  absl::StatusOr<std::vector<Trajectory>> trajectories = FollowQueries(probe, queries);
  if (!trajectories.ok()) return trajectories.status();
  contours.trajectories = *std::move(trajectories);
  return contours;
}

void DrawLevels(const Contours& contours, PlotFrame* frame) {
  const PlaneView& view = contours.view;
  const auto last = static_cast<double>(contours.energies.cols - 1);
  const auto at = [&](Point cell) {
    return frame->At(view.x.from + (view.x.to - view.x.from) * cell.x / last,
                     view.y.from + (view.y.to - view.y.from) * cell.y / last);
  };
  const size_t every = (contours.levels.size() + kMostNamedLevels - 1) / kMostNamedLevels;
  for (size_t i = 0; i < contours.levels.size(); ++i) {
    const double share = contours.levels.size() < 2
                             ? 0
                             : static_cast<double>(i) / static_cast<double>(contours.levels.size() - 1);
    const std::string color = LevelColor(share);
    frame->marks().OpenGroup({{"stroke", color}, {"stroke-width", "1.3"}});
    for (std::vector<Point>& line : LevelLines(contours.energies, contours.levels[i])) {
      for (Point& point : line) point = at(point);
      frame->marks().Polyline(line);
    }
    frame->marks().Close();
    if (i % every == 0)
      frame->AddLegend({LegendEntry::Mark::kLine, color, absl::StrFormat("E = %.3g", contours.levels[i])});
  }
}

void DrawTrajectories(const Contours& contours, PlotFrame* frame) {
  for (const Trajectory& trajectory : contours.trajectories) {
    std::vector<Point> points;
    for (int64_t i = 0; i < trajectory.states.count(); ++i) {
      const Point at = contours.view.plane.ToPlane(trajectory.states.row(i));
      points.push_back(frame->At(at.x, at.y));
    }
    frame->marks().Polyline(points, {{"class", "ink"}, {"stroke-width", "1.5"}});
    for (const Point& point : points) {
      frame->marks().Circle(point, 2.5, {{"class", "ink"}, {"fill", SeriesColor(1)}});
    }
    frame->Label(points.front(), "q");
  }
}

std::string Draw(const ContourFlags& flags, const Contours& contours, const BankProbe& probe) {
  PlotFrame frame(flags.plot.width, absl::StrCat("Energy of '", probe.bank().name(), "'"),
                  DynamicsText(probe.dynamics()));
  frame.BeginArea(contours.view.x, contours.view.y, std::nullopt);
  DrawLevels(contours, &frame);
  DrawTrajectories(contours, &frame);
  DrawPatterns(contours.view, &frame);
  frame.AddLegend({LegendEntry::Mark::kDot, "", "pattern"});
  return frame.Finish();
}

Json TrajectoriesJson(const std::vector<Trajectory>& trajectories) {
  Json json = Json::array();
  for (const Trajectory& trajectory : trajectories) {
    Json states = Json::array();
    for (int64_t i = 0; i < trajectory.states.count(); ++i)
      states.push_back(NumbersJson(trajectory.states.row(i)));
    json.push_back({{"states", states}, {"energies", EnergiesJson(trajectory)}});
  }
  return json;
}

// Row by row from the lowest y.
Json ToJson(const Grid& grid) {
  Json json = Json::array();
  for (double value : grid.values) json.push_back(NumberJson(value));
  return json;
}

absl::Status PlotContours(const ContourFlags& flags, const Context& context) {
  const absl::StatusOr<PlotOutput> output = ParsePlotOutput(flags.plot, context);
  if (!output.ok()) return output.status();
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  absl::StatusOr<Rows> queries = Rows{};
  if (!flags.query.text.empty()) queries = ReadRows(flags.query, context);
  if (!queries.ok()) return queries.status();
  const absl::StatusOr<BankProbe> probe = BankProbe::Make(flags.plot.bank, *dynamics, context);
  if (!probe.ok()) return probe.status();
  if (const absl::Status status = ValidateQueries(*queries, *probe); !status.ok()) return status;
  const absl::StatusOr<Contours> contours = Compute(flags, *probe, *queries, context.err);
  if (!contours.ok()) return contours.status();
  Plot plot;
  plot.svg = Draw(flags, *contours, *probe);
  plot.json = {{"bank", flags.plot.bank},
               {"version", probe->bank().version()},
               {"resolution", flags.resolution},
               {"x", {contours->view.x.from, contours->view.x.to}},
               {"y", {contours->view.y.from, contours->view.y.to}},
               {"energies", ToJson(contours->energies)},
               {"levels", contours->levels},
               {"trajectories", TrajectoriesJson(contours->trajectories)}};
  return WritePlot(plot, *output, context);
}

}  // namespace

void AddPlotContoursCommand(CLI::App& plot, Command* chosen) {
  auto flags = std::make_shared<ContourFlags>();
  CLI::App& contours = *plot.add_subcommand("contours", "Draw lines of equal energy around the patterns");
  AddPlotFlags(contours, &flags->plot);
  AddPlaneFlags(contours, &flags->plane);
  contours
      .add_option("-q,--query", flags->query.text,
                  "Queries whose way to be drawn, one a row; or numbers: 0.1,0.2")
      ->type_name("FILE");
  AddFormatFlag(contours, &flags->query);
  contours.add_option("--resolution", flags->resolution, "Energies along each side")
      ->check(CLI::Range(2, 1000).description(""))
      ->type_name("N")
      ->capture_default_str();
  contours.add_option("--levels", flags->levels, "Lines of equal energy")
      ->check(CLI::Range(1, 50).description(""))
      ->type_name("N")
      ->capture_default_str();
  AddDynamicsFlags(contours, &flags->dynamics);
  contours.footer(
      "For banks of dimension 2, and for the plane through three patterns of others. A query's way is its\n"
      "state after each update.\n\n"
      "Examples:\n"
      "  engram plot contours five -o contours.svg --alpha 1.5 --beta 4 --query 0.1,0.2\n"
      "  engram plot contours digits --plane 3,17,42 > plane.svg");
  contours.callback([=] { *chosen = [=](const Context& context) { return PlotContours(*flags, context); }; });
}

}  // namespace engram::cli
