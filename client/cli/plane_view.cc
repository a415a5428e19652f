#include "client/cli/plane_view.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"

namespace engram::cli {
namespace {

// Share of the larger side that is left around the patterns.
constexpr double kMarginShare = 0.1;
// Ids of more patterns than these would cover the picture.
constexpr size_t kMostLabels = 20;

absl::StatusOr<size_t> FindId(uint64_t id, const std::vector<uint64_t>& ids) {
  const auto found = std::find(ids.begin(), ids.end(), id);
  if (found == ids.end()) return absl::NotFoundError(absl::StrCat("--plane: the bank has no pattern ", id));
  return static_cast<size_t>(found - ids.begin());
}

// The places of the patterns that lie in the plane; all of them where it is the whole space.
absl::StatusOr<std::vector<size_t>> FindShown(const PlaneFlags& flags, const BankPatterns& patterns) {
  std::vector<size_t> shown;
  if (flags.ids.empty()) {
    for (size_t i = 0; i < patterns.ids.size(); ++i) shown.push_back(i);
  }
  for (uint64_t id : flags.ids) {
    const absl::StatusOr<size_t> index = FindId(id, patterns.ids);
    if (!index.ok()) return index.status();
    shown.push_back(*index);
  }
  return shown;
}

absl::StatusOr<PlotPlane> MakePlane(const std::vector<size_t>& shown, const PlaneFlags& flags,
                                    const Rows& patterns) {
  if (flags.ids.empty()) {
    if (patterns.cols == 2) return PlotPlane::Whole();
    return UsageError(absl::StrCat("the bank's patterns have dim ", patterns.cols,
                                   ", a picture has 2: choose the plane through three of them with "
                                   "--plane ID,ID,ID"));
  }
  std::array<absl::Span<const float>, 3> points;
  for (size_t i = 0; i < points.size(); ++i) points[i] = patterns.row(static_cast<int64_t>(shown[i]));
  absl::StatusOr<PlotPlane> plane = PlotPlane::Through(points[0], points[1], points[2]);
  if (!plane.ok()) return UsageError(absl::StrCat("--plane: ", plane.status().message()));
  return plane;
}

// The rectangle around `points`.
std::pair<Axis, Axis> FitView(const std::vector<Point>& points, const PlaneFlags& flags) {
  std::vector<double> x;
  std::vector<double> y;
  for (const Point& point : points) {
    x.push_back(point.x);
    y.push_back(point.y);
  }
  const bool is_whole = flags.ids.empty();
  std::pair<Axis, Axis> axes = {FitAxis(is_whole ? "component 0" : "along the first side", x, 0),
                                FitAxis(is_whole ? "component 1" : "at a right angle to it", y, 0)};
  // One point has no extent; its distance from the origin is a scale as good as any.
  const double side = points.size() == 1
                          ? std::max({1.0, std::abs(x.front()), std::abs(y.front())})
                          : std::max(axes.first.to - axes.first.from, axes.second.to - axes.second.from);
  for (Axis* axis : {&axes.first, &axes.second}) {
    const double margin = flags.margin.value_or(kMarginShare * side);
    axis->from -= margin;
    axis->to += margin;
  }
  return axes;
}

}  // namespace

void AddPlaneFlags(CLI::App& command, PlaneFlags* flags) {
  command.add_option("--plane", flags->ids, "Show the plane through three patterns; dim 2 needs none")
      ->delimiter(',')
      ->expected(3)
      ->type_name("ID,ID,ID");
  command.add_option("--margin", flags->margin, "Room around the patterns [a tenth of the larger side]")
      ->check(CLI::Range(0.0, static_cast<double>(std::numeric_limits<float>::max())).description(""));
}

Rows PlaneView::GridPoints(int side, int64_t dim) const {
  Rows rows{dim, {}};
  const auto at = [side](const Axis& axis, int i) {
    return axis.from + (axis.to - axis.from) * static_cast<double>(i) / static_cast<double>(side - 1);
  };
  for (int row = 0; row < side; ++row) {
    for (int col = 0; col < side; ++col) plane.AppendTo({at(x, col), at(y, row)}, &rows);
  }
  return rows;
}

absl::StatusOr<PlaneView> MakePlaneView(const PlaneFlags& flags, const BankPatterns& patterns,
                                        const Rows& others) {
  const absl::StatusOr<std::vector<size_t>> shown = FindShown(flags, patterns);
  if (!shown.ok()) return shown.status();
  absl::StatusOr<PlotPlane> plane = MakePlane(*shown, flags, patterns.patterns);
  if (!plane.ok()) return plane.status();
  PlaneView view{*std::move(plane), {}, {}, {}};
  std::vector<Point> points;
  for (size_t index : *shown) {
    const Point at = view.plane.ToPlane(patterns.patterns.row(static_cast<int64_t>(index)));
    view.shown.push_back({index, patterns.ids[index], at});
    points.push_back(at);
  }
  for (int64_t i = 0; i < others.count(); ++i) points.push_back(view.plane.ToPlane(others.row(i)));
  std::tie(view.x, view.y) = FitView(points, flags);
  return view;
}

void DrawPatterns(const PlaneView& view, PlotFrame* frame) {
  for (const ShownPattern& pattern : view.shown) {
    frame->marks().Circle(frame->At(pattern.at.x, pattern.at.y), 4, {{"class", "dot"}});
  }
  if (view.shown.size() > kMostLabels) return;
  for (const ShownPattern& pattern : view.shown) {
    frame->Label(frame->At(pattern.at.x, pattern.at.y), absl::StrCat(pattern.id));
  }
}

}  // namespace engram::cli
