#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "client/cli/bank_probe.h"
#include "client/cli/marching_squares.h"
#include "client/cli/plot_cell_runs.h"
#include "client/cli/plot_frame.h"
#include "client/cli/plot_palette.h"
#include "client/cli/plot_plane.h"
#include "client/cli/plot_ticks.h"
#include "client/cli/separation_plot.h"

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> Labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks) labels.push_back(tick.label);
  return labels;
}

TEST(LinearTicksTest, TicksAreRoundNumbers) {
  EXPECT_THAT(Labels(LinearTicks(0, 1, 5)), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(Labels(LinearTicks(-0.93, 1.04, 5)), ElementsAre("-0.5", "0", "0.5", "1.0"));
  EXPECT_THAT(Labels(LinearTicks(0, 1000, 2)), ElementsAre("0", "500", "1000"));
  EXPECT_THAT(Labels(LinearTicks(0, 4e6, 4)), ElementsAre("0", "1e+06", "2e+06", "3e+06", "4e+06"));
  EXPECT_THAT(Labels(LinearTicks(0.001, 0.0034, 3)), ElementsAre("0.001", "0.002", "0.003"));
}

TEST(LinearTicksTest, ThereAreAtLeastTwoAndAllAreInside) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> exponent(-8, 8);
  std::uniform_real_distribution<double> offset(-3, 3);
  for (int i = 0; i < 1000; ++i) {
    const double width = std::pow(10.0, exponent(random));
    const double from = offset(random) * width;
    for (unsigned count : {2, 5, 9}) {
      const std::vector<Tick> ticks = LinearTicks(from, from + width, static_cast<int>(count));
      ASSERT_GE(ticks.size(), 2U) << from << " " << width;
      EXPECT_LE(ticks.size(), std::max(5U, count + 2U));
      EXPECT_GE(ticks.front().value, from - 1e-6 * width);
      EXPECT_LE(ticks.back().value, from + width + 1e-6 * width);
    }
  }
}

TEST(WholeTicksTest, ThereAreNoFractions) {
  EXPECT_THAT(Labels(WholeTicks(-0.03, 2.06, 9)), ElementsAre("0", "1", "2"));
  EXPECT_THAT(Labels(WholeTicks(0, 30, 5)), ElementsAre("0", "10", "20", "30"));
}

TEST(LogTicksTest, TicksArePowersOfTen) {
  EXPECT_THAT(Labels(LogTicks(0.1, 1000, 8)), ElementsAre("0.1", "1", "10", "100", "1000"));
  EXPECT_THAT(Labels(LogTicks(1, 100, 8)), ElementsAre("1", "2", "5", "10", "20", "50", "100"));
  EXPECT_THAT(Labels(LogTicks(1e-6, 1e6, 4)), ElementsAre("1e-06", "0.001", "1", "1000", "1e+06"));
  EXPECT_THAT(Labels(LogTicks(2.5, 3.5, 3)), ElementsAre("2.5", "3.0", "3.5"));
}

TEST(TicksTest, RangesThatHaveNoneGetOne) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto ticks : {LinearTicks, WholeTicks, LogTicks}) {
    for (const double size : {1e-300, 0.1, 1.0, 1e15, 1e300}) {
      EXPECT_THAT(ticks(size, size, 5), SizeIs(1)) << size;
      EXPECT_THAT(ticks(size, std::nextafter(size, infinity), 5), SizeIs(1)) << size;
    }
    EXPECT_THAT(ticks(2, 1, 5), SizeIs(1));
    EXPECT_THAT(ticks(1, infinity, 5), SizeIs(1));
    EXPECT_THAT(ticks(0, 0, 5), SizeIs(1));
  }
  EXPECT_THAT(Labels(LinearTicks(3, 3, 5)), ElementsAre("3"));
  // The narrowest that `engram plot support` allows.
  EXPECT_GE(LogTicks(3, 3 * (1 + 1e-6), 5).size(), 2U);
}

TEST(PlotFrameTest, TitlesAreCutBetweenCharacters) {
  std::string title;
  for (int i = 0; i < 200; ++i) title += "ä";
  PlotFrame frame(240, title, title);
  const std::string svg = frame.Finish();
  const size_t end = svg.find("…");
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(svg.substr(end - 2, 2), "ä");
  EXPECT_EQ(svg.find("\xEF\xBF\xBD"), std::string::npos) << "a replacement character";
}

TEST(PaletteTest, ColorsRunFromBlueToOrange) {
  EXPECT_EQ(LevelColor(0), "#0072B2");
  EXPECT_EQ(LevelColor(0.5), "#009E73");
  EXPECT_EQ(LevelColor(1), "#E69F00");
  EXPECT_EQ(SeriesColor(0), SeriesColor(7));
}

Grid MakeGrid(int64_t rows, int64_t cols, const std::function<double(double, double)>& function) {
  Grid grid{cols, {}};
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t col = 0; col < cols; ++col)
      grid.values.push_back(function(static_cast<double>(col), static_cast<double>(row)));
  }
  return grid;
}

TEST(LevelLinesTest, OfAPlaneThereIsOneStraightLine) {
  const auto lines = LevelLines(MakeGrid(4, 6, [](double x, double) { return x; }), 2.25);
  ASSERT_THAT(lines, SizeIs(1));
  ASSERT_THAT(lines[0], SizeIs(4));
  for (const Point& point : lines[0]) EXPECT_EQ(point.x, 2.25);
  EXPECT_EQ(std::abs(lines[0].front().y - lines[0].back().y), 3);
}

TEST(LevelLinesTest, OfAParaboloidThereIsOneClosedCircle) {
  const auto lines = LevelLines(
      MakeGrid(41, 41, [](double x, double y) { return (x - 20) * (x - 20) + (y - 20) * (y - 20); }), 100);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].front().x, lines[0].back().x);
  EXPECT_EQ(lines[0].front().y, lines[0].back().y);
  // Interpolated linearly between nodes: a parabola's error is at most an eighth of its second derivative.
  for (const Point& point : lines[0]) EXPECT_NEAR(std::hypot(point.x - 20, point.y - 20), 10, 0.25 / 10);
}

TEST(LevelLinesTest, TwoWellsHaveTwoLines) {
  const auto wells = [](double x, double) { return std::abs(std::abs(x - 20) - 10); };
  const auto lines =
      LevelLines(MakeGrid(41, 41, [&](double x, double y) { return wells(x, y) + std::abs(y - 20); }), 4.5);
  EXPECT_THAT(lines, SizeIs(2));
}

TEST(LevelLinesTest, TheMeanDecidesAtASaddle) {
  // Two opposite corners above; the other two pull the mean to either side.
  const auto high = LevelLines({2, {1, 0.4, 0.4, 1}}, 0.5);
  const auto low = LevelLines({2, {1, -0.4, -0.4, 1}}, 0.5);
  ASSERT_THAT(high, SizeIs(2));
  ASSERT_THAT(low, SizeIs(2));
  // High: the line around the upper right corner; low: the line around the upper left one.
  EXPECT_EQ(high[0].front().y, 0);
  EXPECT_EQ(high[0].back().x, 1);
  EXPECT_EQ(low[0].front().y, 0);
  EXPECT_EQ(low[0].back().x, 0);
}

TEST(LevelLinesTest, ThereIsNoLineThroughInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(LevelLines({2, {0, 0, 1, infinity}}, 0.5), IsEmpty());
  EXPECT_THAT(LevelLines({2, {0, 0, 1, 1}}, 2), IsEmpty());
  EXPECT_THAT(LevelLines({1, {0, 1}}, 0.5), IsEmpty());
  EXPECT_THAT(LevelLines({}, 0.5), IsEmpty());
}

TEST(FindRunsTest, NeighboursOfOneRowAreMerged) {
  const std::vector<int> labels = {0,  0,  1, -1,  //
                                   -1, 1,  1, 1,   //
                                   1,  -1, 0, 0};
  const std::vector<CellRun> runs = FindRuns(labels, 4);
  ASSERT_THAT(runs, SizeIs(5));
  const auto is_run = [](int64_t row, int64_t col, int64_t length, int label) {
    return testing::AllOf(testing::Field(&CellRun::row, row), testing::Field(&CellRun::col, col),
                          testing::Field(&CellRun::length, length), testing::Field(&CellRun::label, label));
  };
  EXPECT_THAT(runs, ElementsAre(is_run(0, 0, 2, 0), is_run(0, 2, 1, 1), is_run(1, 1, 3, 1),
                                is_run(2, 0, 1, 1), is_run(2, 2, 2, 0)));
  EXPECT_THAT(FindRuns({}, 4), IsEmpty());
}

TEST(PlotPlaneTest, CoordinatesKeepDistances) {
  const std::vector<float> a = {1, 1, 0};
  const std::vector<float> b = {1, 4, 0};
  const std::vector<float> c = {5, 4, 0};
  const absl::StatusOr<PlotPlane> plane = PlotPlane::Through(a, b, c);
  ASSERT_TRUE(plane.ok());
  EXPECT_NEAR(plane->ToPlane(b).x, 3, 1e-12);
  EXPECT_NEAR(plane->ToPlane(b).y, 0, 1e-12);
  EXPECT_NEAR(plane->ToPlane(c).x, 3, 1e-12);
  EXPECT_NEAR(plane->ToPlane(c).y, 4, 1e-12);
  Rows rows{3, {}};
  plane->AppendTo({3, 4}, &rows);
  EXPECT_THAT(rows.values, ElementsAre(5, 4, 0));
  // What lies above the plane is projected to it.
  EXPECT_NEAR(plane->ToPlane(std::vector<float>{5, 4, 7}).y, 4, 1e-12);
}

TEST(PlotPlaneTest, PointsOnALineHaveNoPlane) {
  const std::vector<float> a = {1, 0, 0};
  const std::vector<float> b = {2, 0, 0};
  const std::vector<float> c = {5, 0, 0};
  EXPECT_FALSE(PlotPlane::Through(a, b, c).ok());
  EXPECT_FALSE(PlotPlane::Through(a, a, c).ok());
  EXPECT_FALSE(PlotPlane::Through(a, c, a).ok());
}

TEST(OverrideTest, AGivenTransformationDoesNotInheritParameters) {
  v1::Dynamics defaults;
  defaults.set_beta(3);
  defaults.mutable_entmax()->set_alpha(2);
  v1::Dynamics given;
  given.mutable_entmax();
  EXPECT_FALSE(Override(defaults, given).entmax().has_alpha());
  EXPECT_EQ(Override(defaults, given).beta(), 3);
  EXPECT_EQ(Override(defaults, v1::Dynamics()).entmax().alpha(), 2);
}

// A report of ten patterns, half of which are retrieved exactly at beta = 4 by sparsemax.
v1::SeparationReport MakeReport() {
  v1::SeparationReport report;
  report.set_required_separation(0.25);
  report.set_exact_count(5);
  for (double edge : {0.0, 0.2, 0.4, 0.6}) report.add_histogram_edges(edge);
  for (int64_t count : {4, 3, 3}) report.add_histogram_counts(count);
  v1::SeparationReport::Suggestion* suggestion = report.add_suggestions();
  suggestion->set_share(0.9);
  suggestion->set_beta(10);
  suggestion = report.add_suggestions();
  suggestion->set_share(1);
  suggestion->set_beta(std::numeric_limits<double>::infinity());
  return report;
}

TEST(DrawSeparationTest, LinesStandWhereTheSeparationIsJustEnough) {
  v1::Dynamics dynamics;
  dynamics.set_beta(4);
  dynamics.mutable_entmax()->set_alpha(2);
  const std::string svg = DrawSeparation(MakeReport(), "ten", 10, dynamics, 640);
  EXPECT_THAT(svg, HasSubstr("beta 4: 5 of 10 exact"));
  EXPECT_THAT(svg, HasSubstr("beta 10: 90 % exact"));
  EXPECT_THAT(svg, Not(HasSubstr("100 % exact")));
  EXPECT_EQ(svg, DrawSeparation(MakeReport(), "ten", 10, dynamics, 640));
}

TEST(DrawSeparationTest, SoftmaxNeedsMoreThanThereIs) {
  v1::SeparationReport report = MakeReport();
  report.set_required_separation(std::numeric_limits<double>::infinity());
  v1::Dynamics dynamics;
  dynamics.set_beta(4);
  dynamics.mutable_softmax();
  EXPECT_THAT(DrawSeparation(report, "ten", 10, dynamics, 640), Not(HasSubstr("exact")));
}

TEST(DrawSeparationTest, ABankOfOnePatternHasNoHistogram) {
  v1::SeparationReport report;
  report.set_required_separation(0.25);
  v1::Dynamics dynamics;
  dynamics.set_beta(4);
  EXPECT_THAT(DrawSeparation(report, "one", 1, dynamics, 640), HasSubstr("Separation in 'one'"));
}

}  // namespace
}  // namespace engram::cli
