#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/choice_option.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/dynamics_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/pattern_source.h"
#include "client/cli/plot_output.h"
#include "client/cli/plot_palette.h"
#include "client/cli/progress_bar.h"
#include "client/cli/trajectory.h"

namespace engram::cli {
namespace {

constexpr double kSupportHeightShare = 0.42;
constexpr double kExactHeightShare = 0.18;
// Softmax gives weight to every pattern; these are counted (Martins et al. 2023, Table 1). No more than 99
// can have as much, so a retrieval returns them all.
constexpr double kCountedWeight = 0.01;
// Supports up to here are drawn on a linear axis.
constexpr double kLargestLinear = 40;
// The largest beta is at least so many times the smallest: else no axis could tell the two apart.
constexpr double kLeastRatio = 1 + 1e-6;

struct SupportFlags {
  PlotFlags plot;
  PatternSource query;
  std::vector<std::string> transforms;
  std::vector<double> alphas;
  std::vector<double> gammas;
  std::optional<int32_t> max_iterations;
  // Only a fixed point is exact; a tolerance stops some queries one update before theirs.
  double tolerance = 0;
  std::optional<double> beta_from;
  std::optional<double> beta_to;
  int points = 81;
};

// What is measured at one beta, over all queries.
struct SupportPoint {
  double beta = 0;
  double mean_support = 0;
  double exact_share = 0;
};

struct SupportCurve {
  v1::Dynamics dynamics;
  std::vector<SupportPoint> points;
};

absl::StatusOr<v1::Dynamics> ToDynamics(const SupportFlags& flags, const TransformFlags& transform) {
  DynamicsFlags dynamics;
  dynamics.transform = transform;
  dynamics.max_iterations = flags.max_iterations;
  dynamics.tolerance = flags.tolerance;
  return ParseDynamics(dynamics);
}

// The transformations asked for, in the order --transform, --alpha, --gamma; or the four of the papers.
absl::StatusOr<std::vector<v1::Dynamics>> ParseCurves(const SupportFlags& flags) {
  std::vector<TransformFlags> transforms;
  for (const std::string& name : flags.transforms) transforms.push_back({name});
  for (double alpha : flags.alphas) transforms.push_back({"", alpha});
  for (double gamma : flags.gammas) transforms.push_back({"", std::nullopt, gamma});
  if (transforms.empty()) transforms = {{"softmax"}, {"entmax"}, {"sparsemax"}, {"normmax"}};
  std::vector<v1::Dynamics> curves;
  for (const TransformFlags& transform : transforms) {
    absl::StatusOr<v1::Dynamics> dynamics = ToDynamics(flags, transform);
    if (!dynamics.ok()) return dynamics.status();
    curves.push_back(*std::move(dynamics));
  }
  return curves;
}

// From one tenth of the beta at which scores of the largest pattern with itself are 1, rounded to a power
// of ten, over four decades: from nearly uniform weights to a single pattern.
absl::StatusOr<std::pair<double, double>> ChooseRange(const SupportFlags& flags, double largest_norm) {
  const double scale = largest_norm > 0 ? largest_norm * largest_norm : 1;
  const double from = flags.beta_from.value_or(std::pow(10.0, std::floor(std::log10(0.1 / scale))));
  const double to = flags.beta_to.value_or(1e4 * from);
  if (std::isfinite(to) && to >= from * kLeastRatio) return std::pair(from, to);
  return UsageError(absl::StrCat("--beta-to: got ", to, ", allowed are finite numbers above --beta-from, ",
                                 from, ", by a millionth or more"));
}

// Where no weight of softmax counts, they are spread over all `pattern_count` patterns.
int64_t CountSupport(const v1::Retrieval& retrieval, const v1::Dynamics& dynamics, int64_t pattern_count) {
  if (!dynamics.has_softmax()) return retrieval.support_size();
  const auto count = std::count_if(retrieval.support_weights().begin(), retrieval.support_weights().end(),
                                   [](double weight) { return weight > kCountedWeight; });
  return count == 0 ? pattern_count : count;
}

SupportPoint Measure(const Recalled& recalled, const v1::Dynamics& dynamics, int64_t pattern_count) {
  SupportPoint point;
  point.beta = dynamics.beta();
  const auto count = static_cast<double>(recalled.retrievals.size());
  for (const v1::Retrieval& retrieval : recalled.retrievals) {
    point.mean_support += static_cast<double>(CountSupport(retrieval, dynamics, pattern_count)) / count;
    point.exact_share += (retrieval.exact() ? 1 : 0) / count;
  }
  return point;
}

absl::StatusOr<SupportCurve> ComputeCurve(const SupportFlags& flags, const BankProbe& probe,
                                          const v1::Dynamics& given, const Rows& queries,
                                          const std::function<void(int64_t)>& progress) {
  const absl::StatusOr<std::pair<double, double>> range = ChooseRange(flags, probe.bank().largest_norm());
  if (!range.ok()) return range.status();
  SupportCurve curve{Override(probe.dynamics(), given), {}};
  for (int i = 0; i < flags.points; ++i) {
    const double share = static_cast<double>(i) / (flags.points - 1);
    curve.dynamics.set_beta(range->first * std::pow(range->second / range->first, share));
    ProbeOptions options;
    options.omit_energy = true;
    options.progress = [&](int64_t done) { progress(i * queries.count() + done); };
    const absl::StatusOr<Recalled> recalled = probe.Retrieve(queries, curve.dynamics, options);
    if (!recalled.ok()) return recalled.status();
    curve.points.push_back(Measure(*recalled, curve.dynamics, probe.bank().pattern_count()));
  }
  return curve;
}

absl::StatusOr<std::vector<SupportCurve>> ComputeCurves(const SupportFlags& flags, const BankProbe& probe,
                                                        const std::vector<v1::Dynamics>& given,
                                                        const Rows& queries, const Screen& screen) {
  const int64_t curve_total = flags.points * queries.count();
  ProgressBar bar(screen, "retrieving", static_cast<int64_t>(given.size()) * curve_total, absl::Now());
  std::vector<SupportCurve> curves;
  for (const v1::Dynamics& dynamics : given) {
    const int64_t before = static_cast<int64_t>(curves.size()) * curve_total;
    absl::StatusOr<SupportCurve> curve = ComputeCurve(
        flags, probe, dynamics, queries, [&](int64_t done) { bar.Update(before + done, absl::Now()); });
    if (!curve.ok()) return curve.status();
    curves.push_back(*std::move(curve));
  }
  return curves;
}

Axis SupportAxis(const std::vector<SupportCurve>& curves) {
  double largest = 1;
  for (const SupportCurve& curve : curves) {
    for (const SupportPoint& point : curve.points) largest = std::max(largest, point.mean_support);
  }
  const std::string label = "patterns with weight";
  if (largest <= kLargestLinear) return {label, 0, 1.05 * largest};
  return {label, 0.8, 1.2 * largest, Scale::kLog};
}

// One area that draws `value` of every curve.
void DrawCurves(const std::vector<SupportCurve>& curves, double SupportPoint::*value, double smallest,
                PlotFrame* frame) {
  for (size_t i = 0; i < curves.size(); ++i) {
    std::vector<Point> points;
    for (const SupportPoint& point : curves[i].points)
      points.push_back(frame->At(point.beta, std::max(point.*value, smallest)));
    frame->marks().Polyline(points, {{"stroke", SeriesColor(i)}, {"stroke-width", "2"}});
  }
}

std::string CurveName(const v1::Dynamics& dynamics) {
  const std::string name = DynamicsText(dynamics, false);
  return dynamics.has_softmax() ? absl::StrCat(name, ", weight > ", kCountedWeight) : name;
}

std::string Draw(const SupportFlags& flags, const std::vector<SupportCurve>& curves, const BankProbe& probe,
                 int64_t query_count) {
  PlotFrame frame(
      flags.plot.width, absl::StrCat("Support in '", probe.bank().name(), "'"),
      absl::StrCat(query_count == 1 ? "one query" : absl::StrCat("mean of ", query_count, " queries"), ", ",
                   probe.bank().pattern_count(), " patterns"));
  Axis beta{"beta", curves[0].points.front().beta, curves[0].points.back().beta, Scale::kLog};
  const Axis support = SupportAxis(curves);
  frame.BeginArea(beta, support, kSupportHeightShare * flags.plot.width);
  DrawCurves(curves, &SupportPoint::mean_support, support.scale == Scale::kLog ? support.from : 0, &frame);
  frame.BeginArea(beta, {"share exact", -0.05, 1.05}, kExactHeightShare * flags.plot.width);
  DrawCurves(curves, &SupportPoint::exact_share, 0, &frame);
  for (size_t i = 0; i < curves.size(); ++i)
    frame.AddLegend({LegendEntry::Mark::kLine, SeriesColor(i), CurveName(curves[i].dynamics)});
  return frame.Finish();
}

Json CurvesJson(const std::vector<SupportCurve>& curves) {
  Json json = Json::array();
  for (const SupportCurve& curve : curves) {
    Json points = Json::array();
    for (const SupportPoint& point : curve.points) {
      points.push_back({{"beta", point.beta},
                        {"mean_support_size", point.mean_support},
                        {"exact_share", point.exact_share}});
    }
    v1::Dynamics dynamics = curve.dynamics;
    dynamics.clear_beta();
    json.push_back({{"dynamics", DynamicsJson(dynamics)}, {"points", points}});
  }
  return json;
}

absl::Status PlotSupport(const SupportFlags& flags, const Context& context) {
  const absl::StatusOr<PlotOutput> output = ParsePlotOutput(flags.plot, context);
  if (!output.ok()) return output.status();
  const absl::StatusOr<std::vector<v1::Dynamics>> given = ParseCurves(flags);
  if (!given.ok()) return given.status();
  const absl::StatusOr<Rows> queries = ReadRows(flags.query, context);
  if (!queries.ok()) return queries.status();
  const absl::StatusOr<BankProbe> probe = BankProbe::Make(flags.plot.bank, v1::Dynamics(), context);
  if (!probe.ok()) return probe.status();
  if (const absl::Status status = ValidateQueries(*queries, *probe); !status.ok()) return status;
  const absl::StatusOr<std::vector<SupportCurve>> curves =
      ComputeCurves(flags, *probe, *given, *queries, context.err);
  if (!curves.ok()) return curves.status();
  Plot plot;
  plot.svg = Draw(flags, *curves, *probe, queries->count());
  plot.json = {
      {"bank", flags.plot.bank}, {"version", probe->bank().version()}, {"curves", CurvesJson(*curves)}};
  return WritePlot(plot, *output, context);
}

}  // namespace

void AddPlotSupportCommand(CLI::App& plot, Command* chosen) {
  auto flags = std::make_shared<SupportFlags>();
  CLI::App& support = *plot.add_subcommand("support", "Draw how many patterns are recalled, against beta");
  AddPlotFlags(support, &flags->plot);
  support
      .add_option("-q,--query", flags->query.text,
                  "Queries, one a row; '-' is standard input; or numbers: 0.1,0.2")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(support, &flags->query);
  const std::string group = "Curves [softmax, entmax, sparsemax and normmax]; give each as often as you like";
  support.add_option("--transform", flags->transforms, "A transformation")
      ->type_name("softmax|entmax|sparsemax|normmax")
      ->check(CLI::IsMember({"softmax", "entmax", "sparsemax", "normmax"}).description(""))
      ->group(group);
  support.add_option("--alpha", flags->alphas, "Entmax: 1 is softmax, 2 is sparsemax")->group(group);
  support.add_option("--gamma", flags->gammas, "Normmax: above 1")->group(group);
  support.add_option("--beta-from", flags->beta_from, "Smallest beta [from the size of the patterns]")
      ->check(CLI::PositiveNumber.description(""));
  support.add_option("--beta-to", flags->beta_to, "Largest beta [10,000 times the smallest]")
      ->check(CLI::PositiveNumber.description(""));
  support.add_option("--points", flags->points, "Values of beta")
      ->check(CLI::Range(2, 1000).description(""))
      ->capture_default_str();
  support.add_option("--max-iterations", flags->max_iterations, "Largest number of updates");
  support.add_option("--tolerance", flags->tolerance, "Stop below this change; 0: an exact fixed point")
      ->capture_default_str();
  support.footer(
      "Above, the patterns with weight when the dynamics have stopped. Softmax, whose weights are never 0,\n"
      "counts those above 0.01, or all if there is none. Below, the share of the queries that recalled a\n"
      "pattern exactly.\n\n"
      "Examples:\n"
      "  engram plot support digits --query noisy.npy -o support.svg\n"
      "  engram plot support five --query 0.1,0.2 --alpha 1 --alpha 1.5 --alpha 2 > support.svg");
  support.callback([=] { *chosen = [=](const Context& context) { return PlotSupport(*flags, context); }; });
}

}  // namespace engram::cli
