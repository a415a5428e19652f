#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/number_text.h"
#include "client/cli/plane_view.h"
#include "client/cli/plot_cell_runs.h"
#include "client/cli/plot_output.h"
#include "client/cli/plot_palette.h"
#include "client/cli/progress_bar.h"

namespace engram::cli {
namespace {

// More basins than these could not be told apart.
constexpr int64_t kMostPatterns = 1000;
// Entries of the legend; smaller basins are counted together.
constexpr size_t kMostBasins = 14;
constexpr int kNone = -1;

struct BasinFlags {
  PlotFlags plot;
  PlaneFlags plane;
  DynamicsFlags dynamics;
  int grid = 100;
  double within = 0.001;
};

// What the picture shows, as numbers.
struct Basins {
  PlaneView view;
  std::vector<uint64_t> ids;
  // For each grid point the place of the pattern that attracts it, or kNone.
  std::vector<int> labels;
  // For each pattern, its grid points.
  std::vector<int64_t> counts;
  int64_t none_count = 0;
};

double SquaredDistance(absl::Span<const float> a, absl::Span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

bool RecallsSums(const v1::Dynamics& dynamics) {
  return dynamics.has_k_subsets() || dynamics.has_sequential_k_subsets();
}

// The place of the pattern that was recalled exactly, else of the one with the largest weight of those within
// `within` of `state`, or kNone.
int FindAttractor(absl::Span<const float> state, const v1::Retrieval& retrieval, const BankPatterns& patterns,
                  bool recalls_sums, double within) {
  for (const uint64_t id : retrieval.support_ids()) {
    const auto found = std::lower_bound(patterns.ids.begin(), patterns.ids.end(), id);
    if (found == patterns.ids.end() || *found != id) continue;
    const auto i = static_cast<int>(found - patterns.ids.begin());
    if (retrieval.exact() && !recalls_sums) return i;
    if (SquaredDistance(state, patterns.patterns.row(i)) < within * within) return i;
  }
  return kNone;
}

absl::StatusOr<Basins> Compute(const BasinFlags& flags, const BankProbe& probe, const Screen& screen) {
  absl::StatusOr<BankPatterns> patterns = probe.ReadPatterns(kMostPatterns);
  if (!patterns.ok()) return patterns.status();
  absl::StatusOr<PlaneView> view = MakePlaneView(flags.plane, *patterns, Rows{});
  if (!view.ok()) return view.status();
  Basins basins{*std::move(view), patterns->ids, {}, std::vector<int64_t>(patterns->ids.size(), 0), 0};
  const Rows queries = basins.view.GridPoints(flags.grid, probe.bank().dim());
  ProgressBar bar(screen, "retrieving", queries.count(), absl::Now());
  ProbeOptions options;
  options.omit_energy = true;
  options.progress = [&bar](int64_t done) { bar.Update(done, absl::Now()); };
  const absl::StatusOr<Recalled> recalled = probe.Retrieve(queries, probe.dynamics(), options);
  if (!recalled.ok()) return recalled.status();
  for (int64_t i = 0; i < recalled->states.count(); ++i) {
    const int label = FindAttractor(recalled->states.row(i), recalled->retrievals[static_cast<size_t>(i)],
                                    *patterns, RecallsSums(probe.dynamics()), flags.within);
    basins.labels.push_back(label);
    ++(label == kNone ? basins.none_count : basins.counts[static_cast<size_t>(label)]);
  }
  return basins;
}

// The axis of cells around the points of a grid along `axis`.
Axis AroundPoints(const Axis& axis, int grid) {
  const double half = (axis.to - axis.from) / (grid - 1) / 2;
  return {axis.label, axis.from - half, axis.to + half};
}

std::string BasinColor(const Basins& basins, size_t pattern) {
  // Patterns in the plane come first, so that few patterns have a colour each.
  for (size_t i = 0; i < basins.view.shown.size(); ++i) {
    if (basins.view.shown[i].index == pattern) return SeriesColor(i);
  }
  return SeriesColor(basins.view.shown.size() + pattern);
}

// One path for each basin: its runs as rectangles.
void DrawCells(const BasinFlags& flags, const Basins& basins, PlotFrame* frame) {
  const double cell_width = frame->area().width / flags.grid;
  const double cell_height = frame->area().height / flags.grid;
  const double bottom = frame->area().y + frame->area().height;
  std::vector<std::string> paths(basins.counts.size());
  for (const CellRun& run : FindRuns(basins.labels, flags.grid)) {
    const double x = frame->area().x + static_cast<double>(run.col) * cell_width;
    const double y = bottom - static_cast<double>(run.row + 1) * cell_height;
    const std::string width = SvgNumber(static_cast<double>(run.length) * cell_width);
    absl::StrAppend(&paths[static_cast<size_t>(run.label)], "M", SvgNumber(x), " ", SvgNumber(y), "h", width,
                    "v", SvgNumber(cell_height), "h-", width, "z");
  }
  // Without anti-aliasing, or the page would shine through between the rows.
  frame->marks().OpenGroup({{"shape-rendering", "crispEdges"}, {"fill-opacity", kAreaOpacity}});
  for (size_t i = 0; i < paths.size(); ++i) frame->marks().Path(paths[i], {{"fill", BasinColor(basins, i)}});
  frame->marks().Close();
}

// The patterns with a basin, the largest first.
std::vector<size_t> SortBasins(const Basins& basins) {
  std::vector<size_t> order(basins.counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return basins.counts[a] > basins.counts[b]; });
  while (!order.empty() && basins.counts[order.back()] == 0) order.pop_back();
  return order;
}

void AddLegend(const Basins& basins, PlotFrame* frame) {
  const std::vector<size_t> order = SortBasins(basins);
  int64_t rest = 0;
  std::vector<size_t> named(order.begin(), order.begin() + std::min(order.size(), kMostBasins));
  for (size_t i = named.size(); i < order.size(); ++i) rest += basins.counts[order[i]];
  std::sort(named.begin(), named.end());
  for (size_t i : named) {
    frame->AddLegend({LegendEntry::Mark::kSquare, BasinColor(basins, i),
                      absl::StrCat(basins.ids[i], ": ", CountText(basins.counts[i]))});
  }
  if (rest > 0) frame->AddLegend({LegendEntry::Mark::kSquare, "", absl::StrCat("others: ", CountText(rest))});
  frame->AddLegend({LegendEntry::Mark::kSquare, "", absl::StrCat("none: ", CountText(basins.none_count))});
}

std::string Draw(const BasinFlags& flags, const Basins& basins, const BankProbe& probe) {
  PlotFrame frame(flags.plot.width, absl::StrCat("Basins of '", probe.bank().name(), "'"),
                  DynamicsText(probe.dynamics()));
  frame.BeginArea(AroundPoints(basins.view.x, flags.grid), AroundPoints(basins.view.y, flags.grid),
                  std::nullopt);
  DrawCells(flags, basins, &frame);
  DrawPatterns(basins.view, &frame);
  AddLegend(basins, &frame);
  return frame.Finish();
}

Json BasinsJson(const BasinFlags& flags, const Basins& basins, const BankProbe& probe) {
  Json list = Json::array();
  for (size_t i = 0; i < basins.ids.size(); ++i)
    list.push_back({{"id", basins.ids[i]}, {"grid_points", basins.counts[i]}});
  return {{"bank", probe.bank().name()},
          {"version", probe.bank().version()},
          {"grid", flags.grid},
          {"x", {basins.view.x.from, basins.view.x.to}},
          {"y", {basins.view.y.from, basins.view.y.to}},
          {"basins", list},
          {"none", basins.none_count}};
}

Table BasinsTable(const Basins& basins) {
  Table table({"pattern", "grid points"});
  for (size_t i : SortBasins(basins))
    table.AddRow({absl::StrCat(basins.ids[i]), CountText(basins.counts[i])});
  table.AddRow({"none", CountText(basins.none_count)});
  return table;
}

absl::Status PlotBasins(const BasinFlags& flags, const Context& context) {
  const absl::StatusOr<PlotOutput> output = ParsePlotOutput(flags.plot, context);
  if (!output.ok()) return output.status();
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  const absl::StatusOr<BankProbe> probe = BankProbe::Make(flags.plot.bank, *dynamics, context);
  if (!probe.ok()) return probe.status();
  const absl::StatusOr<Basins> basins = Compute(flags, *probe, context.err);
  if (!basins.ok()) return basins.status();
  return WritePlot({Draw(flags, *basins, *probe), BasinsJson(flags, *basins, *probe), BasinsTable(*basins)},
                   *output, context);
}

}  // namespace

void AddPlotBasinsCommand(CLI::App& plot, Command* chosen) {
  auto flags = std::make_shared<BasinFlags>();
  CLI::App& basins = *plot.add_subcommand("basins", "Colour queries by the pattern that they recall");
  AddPlotFlags(basins, &flags->plot);
  AddPlaneFlags(basins, &flags->plane);
  basins.add_option("--grid", flags->grid, "Queries along each side")
      ->check(CLI::Range(2, 1000).description(""))
      ->type_name("N")
      ->capture_default_str();
  basins.add_option("--within", flags->within, "Largest distance of a state to the pattern it has reached")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("DISTANCE")
      ->capture_default_str();
  AddDynamicsFlags(basins, &flags->dynamics);
  basins.footer(
      "For banks of dimension 2, and for the plane through three patterns of others. Queries that end\n"
      "elsewhere, such as in a mixture of patterns, have no colour.\n\n"
      "Examples:\n"
      "  engram plot basins five -o basins.svg --alpha 2 --beta 4 --max-iterations 50\n"
      "  engram plot basins five -o json | jq '.basins[].grid_points'");
  basins.callback([=] { *chosen = [=](const Context& context) { return PlotBasins(*flags, context); }; });
}

}  // namespace engram::cli
