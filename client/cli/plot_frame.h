#ifndef ENGRAM_CLIENT_CLI_PLOT_FRAME_H_
#define ENGRAM_CLIENT_CLI_PLOT_FRAME_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/cli/plot_ticks.h"
#include "client/cli/svg.h"

namespace engram::cli {

// Narrowest and widest pictures in pixels, and what they are when nothing is said.
constexpr int kNarrowestPlot = 240;
constexpr int kWidestPlot = 4000;
constexpr int kPlotWidth = 640;

// Of areas that marks fill, so that the grid shows through.
constexpr char kAreaOpacity[] = "0.75";

enum class Scale { kLinear, kWhole, kLog };

// What one direction of a picture shows.
struct Axis {
  std::string label;
  double from = 0;
  double to = 1;
  Scale scale = Scale::kLinear;
};

// The smallest range that holds `values`, widened by `share` of itself on both sides; by something visible
// when they are all equal. Values that are not finite are left out; without any, [0, 1].
Axis FitAxis(const std::string& label, absl::Span<const double> values, double share);

// What a mark of a picture means.
struct LegendEntry {
  enum class Mark { kLine, kDashes, kSquare, kDot };
  Mark mark = Mark::kLine;
  // A colour, or "" for that of text.
  std::string color;
  std::string text;
};

// A picture: title, areas with axes one below the other, legend. Readable on light and on dark pages, whose
// colour it takes from the reader's preference.
class PlotFrame {
 public:
  // REQUIRES: kNarrowestPlot <= width <= kWidestPlot.
  PlotFrame(double width, const std::string& title, const std::string& subtitle);

  // Begins an area below what there is; marks go there until the next begins. `height` in pixels; without,
  // both axes have the same scale, so that circles are round. REQUIRES: from < to, and 0 < from for kLog.
  void BeginArea(const Axis& x, const Axis& y, std::optional<double> height);

  // Where the area shows (x, y).
  Point At(double x, double y) const;
  const Box& area() const { return area_; }

  // Draws marks, cut off at the area's edges.
  Svg& marks() { return svg_; }

  // A name beside `point` of the area, on the side where there is room.
  void Label(Point point, const std::string& text);

  void AddLegend(LegendEntry entry) { legend_.push_back(std::move(entry)); }

  // The picture as an SVG document. REQUIRES: at least one area, and no call before.
  std::string Finish();

 private:
  // An axis and where it lies: `from` is at pixel `begin`, `to` at `end`.
  struct Placed {
    Axis axis;
    std::vector<Tick> ticks;
    double begin = 0;
    double end = 0;

    double At(double value) const;
  };

  void DrawGrid();
  void EndArea();
  void DrawLegend();
  void DrawMark(const LegendEntry& entry, Point at);

  const double width_;
  const std::string title_;
  const std::string subtitle_;
  // Upper edge of what comes next.
  double top_ = 0;
  // Left edge of the areas so far.
  double left_ = 0;
  bool in_area_ = false;
  Box area_;
  Placed x_;
  Placed y_;
  std::vector<LegendEntry> legend_;
  Svg svg_;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_FRAME_H_
