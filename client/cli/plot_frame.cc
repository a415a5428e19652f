#include "client/cli/plot_frame.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/table.h"

namespace engram::cli {
namespace {

// Pixels.
constexpr double kMargin = 12;
constexpr double kTitleSize = 15;
constexpr double kTextSize = 12;
constexpr double kTickSize = 11;
constexpr double kTickRoom = 45;  // Between two ticks of an axis.
constexpr double kLegendRow = 19;
constexpr double kSwatch = 16;
constexpr double kLabelGap = 7;
// Width of a character, in font sizes, of the widest of the fonts below.
constexpr double kCharacter = 0.62;

// Everything is under one class, so that a page may hold pictures as its own elements.
constexpr char kStyle[] = R"(
.engram-plot{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.engram-plot .page{fill:#fff}
.engram-plot text{fill:#24292f}
.engram-plot .title{font-size:15px;font-weight:600}
.engram-plot .soft{fill:#57606a}
.engram-plot .tick{font-size:11px;fill:#57606a}
.engram-plot .grid{stroke:#d8dee4}
.engram-plot .edge{stroke:#8c959f;fill:none}
.engram-plot .ink{stroke:#24292f}
.engram-plot .dot{fill:#24292f;stroke:#fff}
.engram-plot .halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
@media(prefers-color-scheme:dark){
.engram-plot .page{fill:#0d1117}
.engram-plot text{fill:#e6edf3}
.engram-plot .soft,.engram-plot .tick{fill:#9da7b1}
.engram-plot .grid{stroke:#2a313a}
.engram-plot .edge{stroke:#6e7681}
.engram-plot .ink{stroke:#e6edf3}
.engram-plot .dot{fill:#e6edf3;stroke:#0d1117}
.engram-plot .halo{stroke:#0d1117}
}
)";

double TextWidth(const std::string& text, double size) { return DisplayWidth(text) * kCharacter * size; }

// `text`, or as much of it as has room.
std::string Shorten(const std::string& text, double size, double room) {
  if (TextWidth(text, size) <= room) return text;
  const auto characters = static_cast<int>(std::max(1.0, room / (kCharacter * size) - 1));
  return absl::StrCat(FirstCharacters(text, characters), "…");
}

std::vector<Tick> TicksOf(const Axis& axis, double pixels) {
  const int count = std::max(2, static_cast<int>(pixels / kTickRoom));
  switch (axis.scale) {
    case Scale::kWhole:
      return WholeTicks(axis.from, axis.to, count);
    case Scale::kLog:
      return LogTicks(axis.from, axis.to, count);
    case Scale::kLinear:
      break;
  }
  return LinearTicks(axis.from, axis.to, count);
}

double WidestLabel(const std::vector<Tick>& ticks) {
  double widest = 0;
  for (const Tick& tick : ticks) widest = std::max(widest, TextWidth(tick.label, kTickSize));
  return widest;
}

}  // namespace

Axis FitAxis(const std::string& label, absl::Span<const double> values, double share) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double value) { return std::isfinite(value); });
  if (finite.empty()) return {label, 0, 1};
  const auto [smallest, largest] = std::minmax_element(finite.begin(), finite.end());
  const double magnitude = std::max(std::abs(*smallest), std::abs(*largest));
  // Below this, ticks could not be told apart.
  const double least = magnitude == 0 ? 1 : 1e-6 * magnitude;
  const double margin = std::max(share * (*largest - *smallest), (least - (*largest - *smallest)) / 2);
  return {label, *smallest - margin, *largest + margin};
}

double PlotFrame::Placed::At(double value) const {
  const double share = axis.scale == Scale::kLog ? std::log(value / axis.from) / std::log(axis.to / axis.from)
                                                 : (value - axis.from) / (axis.to - axis.from);
  return begin + share * (end - begin);
}

PlotFrame::PlotFrame(double width, const std::string& title, const std::string& subtitle)
    : width_(width), title_(title), subtitle_(subtitle) {
  const double room = width_ - 2 * kMargin;
  top_ = kMargin + kTitleSize;
  svg_.Text({kMargin, top_}, Shorten(title_, kTitleSize, room), {{"class", "title"}});
  if (!subtitle_.empty()) {
    top_ += kTextSize + 6;
    svg_.Text({kMargin, top_}, Shorten(subtitle_, kTextSize, room), {{"class", "soft"}});
  }
}

void PlotFrame::BeginArea(const Axis& x, const Axis& y, std::optional<double> height) {
  EndArea();
  top_ += kMargin;
  const double ratio = (y.to - y.from) / (x.to - x.from);
  // The labels' width follows from the ticks, and these from the height; a square is near enough for them.
  const double label_width = WidestLabel(TicksOf(y, height.value_or(std::min(ratio, 1.0) * width_)));
  // Areas below each other begin alike, so that equal axes lie over each other.
  left_ = std::max(left_, kMargin + kTextSize + 8 + label_width + 5);
  // Half a tick's label may stand out on the right.
  const double right = kMargin + 10;
  area_ = {left_, top_, width_ - left_ - right, 0};
  if (height.has_value()) {
    area_.height = *height;
  } else {
    const double widest = area_.width;
    area_.height = std::min(ratio * widest, widest);
    area_.width = area_.height / ratio;
    area_.x += (widest - area_.width) / 2;
  }
  x_ = {x, TicksOf(x, area_.width), area_.x, area_.x + area_.width};
  y_ = {y, TicksOf(y, area_.height), area_.y + area_.height, area_.y};
  DrawGrid();
  svg_.OpenClip(area_);
  in_area_ = true;
}

void PlotFrame::DrawGrid() {
  const double right = area_.x + area_.width;
  const double bottom = area_.y + area_.height;
  svg_.OpenGroup({{"class", "grid"}});
  for (const Tick& tick : x_.ticks) svg_.Line({x_.At(tick.value), area_.y}, {x_.At(tick.value), bottom});
  for (const Tick& tick : y_.ticks) svg_.Line({area_.x, y_.At(tick.value)}, {right, y_.At(tick.value)});
  svg_.Close();
  for (const Tick& tick : x_.ticks) {
    svg_.Text({x_.At(tick.value), bottom + 15}, tick.label, {{"class", "tick"}, {"text-anchor", "middle"}});
  }
  for (const Tick& tick : y_.ticks) {
    svg_.Text({area_.x - 5, y_.At(tick.value) + 4}, tick.label, {{"class", "tick"}, {"text-anchor", "end"}});
  }
  svg_.Text({area_.x + area_.width / 2, bottom + 33}, x_.axis.label, {{"text-anchor", "middle"}});
  const Point middle = {kMargin + kTextSize - 2, area_.y + area_.height / 2};
  svg_.Text(middle, y_.axis.label,
            {{"text-anchor", "middle"},
             {"transform", absl::StrCat("rotate(-90 ", SvgNumber(middle.x), " ", SvgNumber(middle.y), ")")}});
}

void PlotFrame::EndArea() {
  if (!in_area_) return;
  in_area_ = false;
  svg_.Close();
  svg_.Rect(area_, {{"class", "edge"}});
  top_ = area_.y + area_.height + 36;
}

Point PlotFrame::At(double x, double y) const { return {x_.At(x), y_.At(y)}; }

void PlotFrame::Label(Point point, const std::string& text) {
  const bool fits_right = point.x + kLabelGap + TextWidth(text, kTextSize) < area_.x + area_.width;
  const double y = std::clamp(point.y - kLabelGap + 2, area_.y + kTextSize, area_.y + area_.height - 4);
  svg_.Text({point.x + (fits_right ? kLabelGap : -kLabelGap), y}, text,
            {{"class", "halo"}, {"text-anchor", fits_right ? "start" : "end"}});
}

void PlotFrame::DrawMark(const LegendEntry& entry, Point at) {
  const Attribute stroke = entry.color.empty() ? Attribute{"class", "ink"} : Attribute{"stroke", entry.color};
  switch (entry.mark) {
    case LegendEntry::Mark::kLine:
      svg_.Line(at, {at.x + kSwatch, at.y}, {stroke, {"stroke-width", "2"}});
      break;
    case LegendEntry::Mark::kDashes:
      svg_.Line(at, {at.x + kSwatch, at.y}, {stroke, {"stroke-width", "2"}, {"stroke-dasharray", "5 3"}});
      break;
    case LegendEntry::Mark::kSquare: {
      const Box box = {at.x + 2, at.y - 6, 12, 12};
      if (entry.color.empty()) {
        svg_.Rect(box, {{"class", "edge"}});
      } else {
        svg_.Rect(box, {{"fill", entry.color}, {"fill-opacity", kAreaOpacity}});
      }
      break;
    }
    case LegendEntry::Mark::kDot:
      svg_.Circle({at.x + kSwatch / 2, at.y}, 4, {{"class", "dot"}});
      break;
  }
}

// In columns as wide as the widest entry, row by row.
void PlotFrame::DrawLegend() {
  if (legend_.empty()) return;
  double column = 0;
  for (const LegendEntry& entry : legend_) {
    column = std::max(column, kSwatch + 5 + TextWidth(entry.text, kTextSize) + kMargin);
  }
  const double left = kMargin + kTextSize;
  const auto columns = std::max(1, static_cast<int>((width_ - left) / column));
  top_ += kMargin;
  for (size_t i = 0; i < legend_.size(); ++i) {
    const auto row = static_cast<double>(i / static_cast<size_t>(columns));
    const auto col = static_cast<double>(i % static_cast<size_t>(columns));
    const Point at = {left + col * column, top_ + row * kLegendRow + kLegendRow / 2};
    DrawMark(legend_[i], at);
    const double room = width_ - at.x - kSwatch - 5;
    svg_.Text({at.x + kSwatch + 5, at.y + 4}, Shorten(legend_[i].text, kTextSize, room));
  }
  const size_t rows = (legend_.size() + static_cast<size_t>(columns) - 1) / static_cast<size_t>(columns);
  top_ += static_cast<double>(rows) * kLegendRow;
}

std::string PlotFrame::Finish() {
  EndArea();
  DrawLegend();
  const double height = std::ceil(top_ + kMargin);
  Svg page;
  page.OpenGroup({{"class", "engram-plot"}});
  page.Rect({0, 0, width_, height}, {{"class", "page"}});
  page.Append(svg_);
  page.Close();
  return page.ToDocument(width_, height, subtitle_.empty() ? title_ : absl::StrCat(title_, ": ", subtitle_),
                         kStyle);
}

}  // namespace engram::cli
