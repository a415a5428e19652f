#include "client/cli/separation_plot.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/number_text.h"
#include "client/cli/plot_frame.h"
#include "client/cli/plot_output.h"
#include "client/cli/plot_palette.h"

namespace engram::cli {
namespace {

constexpr double kHeightShare = 0.45;
// Separations needed that lie further beyond the histogram than it is wide are said, not drawn.
constexpr double kMostBeyond = 1;

// A separation that some beta needs.
struct Needed {
  double separation = 0;
  std::string text;
};

std::string NeedText(double beta, const std::string& which) {
  return absl::StrFormat("beta %.4g: %s", beta, which);
}

// What the dynamics need, then what the suggestions need.
std::vector<Needed> ListNeeded(const v1::SeparationReport& report, int64_t pattern_count, double beta) {
  if (!std::isfinite(report.required_separation())) return {};
  std::vector<Needed> needed = {
      {report.required_separation(), NeedText(beta, absl::StrCat(CountText(report.exact_count()), " of ",
                                                                 CountText(pattern_count), " exact"))}};
  const double margin = report.required_separation() * beta;
  for (const v1::SeparationReport::Suggestion& suggestion : report.suggestions()) {
    if (!std::isfinite(suggestion.beta()) || suggestion.beta() <= 0) continue;
    needed.push_back({margin / suggestion.beta(),
                      NeedText(suggestion.beta(), absl::StrFormat("%g %% exact", 100 * suggestion.share()))});
  }
  return needed;
}

bool IsDrawn(const Needed& needed, const v1::SeparationReport& report) {
  const double from = *report.histogram_edges().begin();
  const double to = *report.histogram_edges().rbegin();
  const double room = kMostBeyond * std::max(to - from, 1e-6 * std::max(std::abs(from), std::abs(to)));
  return needed.separation >= from - room && needed.separation <= to + room;
}

// Separations that the picture has room for.
std::vector<double> ShownSeparations(const v1::SeparationReport& report, const std::vector<Needed>& needed) {
  std::vector<double> shown(report.histogram_edges().begin(), report.histogram_edges().end());
  for (const Needed& need : needed) {
    if (IsDrawn(need, report)) shown.push_back(need.separation);
  }
  return shown;
}

void DrawBins(const v1::SeparationReport& report, PlotFrame* frame) {
  for (int i = 0; i < report.histogram_counts_size(); ++i) {
    if (report.histogram_counts(i) == 0) continue;
    const Point upper_left =
        frame->At(report.histogram_edges(i), static_cast<double>(report.histogram_counts(i)));
    const Point lower_right = frame->At(report.histogram_edges(i + 1), 0);
    // A bin of equal separations has no width of its own.
    const double width = std::max(lower_right.x - upper_left.x - 1, 2.0);
    frame->marks().Rect({upper_left.x, upper_left.y, width, lower_right.y - upper_left.y},
                        {{"fill", SeriesColor(5)}, {"fill-opacity", kAreaOpacity}});
  }
}

void DrawNeeded(const std::vector<Needed>& needed, const v1::SeparationReport& report, PlotFrame* frame) {
  static constexpr size_t kColors[] = {1, 0, 2, 3, 4};
  for (size_t i = 0; i < needed.size(); ++i) {
    const std::string color = SeriesColor(kColors[i % 5]);
    const bool is_present = i == 0;
    const auto mark = is_present ? LegendEntry::Mark::kLine : LegendEntry::Mark::kDashes;
    if (!IsDrawn(needed[i], report)) {
      frame->AddLegend(
          {mark, color, absl::StrCat(needed[i].text, ", at ", NumberText(needed[i].separation))});
      continue;
    }
    frame->AddLegend({mark, color, needed[i].text});
    const double x = frame->At(needed[i].separation, 0).x;
    const Box& area = frame->area();
    Attributes attributes = {{"stroke", color}, {"stroke-width", "2"}};
    if (!is_present) attributes.push_back({"stroke-dasharray", "5 3"});
    frame->marks().Line({x, area.y}, {x, area.y + area.height}, attributes);
  }
}

}  // namespace

std::string DrawSeparation(const v1::SeparationReport& report, const std::string& bank, int64_t pattern_count,
                           const v1::Dynamics& dynamics, int width) {
  PlotFrame frame(width, absl::StrCat("Separation in '", bank, "'"), DynamicsText(dynamics));
  int64_t most = 1;
  for (int64_t count : report.histogram_counts()) most = std::max(most, count);
  const std::vector<Needed> needed = ListNeeded(report, pattern_count, dynamics.beta());
  if (report.histogram_counts_size() == 0) {
    frame.BeginArea({"separation"}, {"patterns"}, kHeightShare * width);
    return frame.Finish();
  }
  frame.BeginArea(FitAxis("separation", ShownSeparations(report, needed), 0.03),
                  {"patterns", 0, 1.05 * static_cast<double>(most), Scale::kWhole}, kHeightShare * width);
  DrawBins(report, &frame);
  DrawNeeded(needed, report, &frame);
  return frame.Finish();
}

}  // namespace engram::cli
