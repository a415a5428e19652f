#include "client/cli/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/cli/plot_frame.h"

namespace engram::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(SvgTest, WhatXmlGivesAMeaningIsEscaped) {
  EXPECT_EQ(EscapeXml("a<b & \"c\">d"), "a&lt;b &amp; &quot;c&quot;&gt;d");
  EXPECT_EQ(EscapeXml("é…𝛽\n"), "é…𝛽\n");
}

TEST(SvgTest, WhatXmlDoesNotAllowIsReplaced) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(EscapeXml(std::string("a\0b", 3)), "a" + replacement + "b");
  EXPECT_EQ(EscapeXml("\x1b[1m"), replacement + "[1m");
  EXPECT_EQ(EscapeXml("\xff"), replacement);
  // Cut off, overlong, a surrogate, and the one character that is not one.
  EXPECT_EQ(EscapeXml("\xe2\x82"), replacement + replacement);
  EXPECT_EQ(EscapeXml("\xc0\xaf"), replacement + replacement);
  EXPECT_EQ(EscapeXml("\xed\xa0\x80"), replacement);
  EXPECT_EQ(EscapeXml("\xef\xbf\xbf"), replacement);
}

TEST(SvgTest, NumbersAreShort) {
  EXPECT_EQ(SvgNumber(12), "12");
  EXPECT_EQ(SvgNumber(100), "100");
  EXPECT_EQ(SvgNumber(0.5), "0.5");
  EXPECT_EQ(SvgNumber(-3.256), "-3.26");
  EXPECT_EQ(SvgNumber(-0.001), "0");
}

TEST(SvgTest, ElementsHaveTheirAttributes) {
  Svg svg;
  svg.Line({1, 2}, {3, 4.5}, {{"stroke", "a\"b"}});
  svg.Circle({1, 2}, 3);
  svg.Text({0, 0}, "x < y");
  const std::string document = svg.ToDocument(10, 20, "a & b", "");
  EXPECT_THAT(document, StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"20\""));
  EXPECT_THAT(document, HasSubstr("<title>a &amp; b</title>"));
  EXPECT_THAT(document, HasSubstr("<line x1=\"1\" y1=\"2\" x2=\"3\" y2=\"4.5\" stroke=\"a&quot;b\"/>\n"));
  EXPECT_THAT(document, HasSubstr("<circle cx=\"1\" cy=\"2\" r=\"3\"/>\n"));
  EXPECT_THAT(document, HasSubstr("<text x=\"0\" y=\"0\">x &lt; y</text>\n"));
  EXPECT_THAT(document, EndsWith("</svg>\n"));
}

TEST(SvgTest, LinesOfLessThanTwoPointsAreLeftOut) {
  Svg svg;
  svg.Polyline({});
  svg.Polyline({Point{1, 2}});
  svg.Path("");
  EXPECT_THAT(svg.ToDocument(1, 1, "", ""), Not(HasSubstr("poly")));
  svg.Polyline({Point{1, 2}, Point{3, 4}});
  EXPECT_THAT(svg.ToDocument(1, 1, "", ""), HasSubstr("points=\"1,2 3,4\""));
}

TEST(SvgTest, GroupsAndClipsAreClosedInTheirOrder) {
  Svg svg;
  svg.OpenGroup({{"fill", "red"}});
  svg.OpenClip({1, 2, 3, 4});
  svg.Rect({0, 0, 1, 1});
  svg.Close();
  svg.Close();
  EXPECT_THAT(
      svg.ToDocument(1, 1, "", ""),
      HasSubstr("<g fill=\"red\">\n<svg x=\"1\" y=\"2\" width=\"3\" height=\"4\" viewBox=\"1 2 3 4\">\n"
                "<rect x=\"0\" y=\"0\" width=\"1\" height=\"1\"/>\n</svg>\n</g>\n"));
}

TEST(PlotFrameTest, AreasOfEqualScaleKeepCirclesRound) {
  PlotFrame frame(640, "title", "");
  frame.BeginArea({"x", -1, 3}, {"y", 0, 2}, std::nullopt);
  EXPECT_NEAR(frame.area().width, 2 * frame.area().height, 1e-9);
  EXPECT_NEAR(frame.At(-1, 0).x, frame.area().x, 1e-9);
  EXPECT_NEAR(frame.At(-1, 0).y, frame.area().y + frame.area().height, 1e-9);
  EXPECT_NEAR(frame.At(3, 2).y, frame.area().y, 1e-9);
}

TEST(PlotFrameTest, LogarithmicAxesShowRatios) {
  PlotFrame frame(640, "title", "");
  frame.BeginArea({"x", 1, 100, Scale::kLog}, {"y", 0, 1}, 100);
  EXPECT_NEAR(frame.At(10, 0).x, frame.area().x + frame.area().width / 2, 1e-9);
}

TEST(PlotFrameTest, LongTitlesAreCutOffButSaidInFull) {
  const std::string name(200, 'n');
  PlotFrame frame(240, name, "");
  frame.BeginArea({"x"}, {"y"}, 100);
  const std::string document = frame.Finish();
  EXPECT_THAT(document, HasSubstr("<title>" + name + "</title>"));
  EXPECT_THAT(document, HasSubstr("n…</text>"));
}

TEST(FitAxisTest, ValuesThatAreEqualGetRoom) {
  const Axis axis = FitAxis("", {5.0, 5.0}, 0.1);
  EXPECT_LT(axis.from, 5);
  EXPECT_GT(axis.to, 5);
  const Axis zero = FitAxis("", {0.0}, 0);
  EXPECT_LT(zero.from, zero.to);
}

TEST(FitAxisTest, InfinitiesAreLeftOut) {
  const Axis axis = FitAxis("", {1.0, std::numeric_limits<double>::infinity(), 3.0}, 0.5);
  EXPECT_EQ(axis.from, 0);
  EXPECT_EQ(axis.to, 4);
  EXPECT_LT(FitAxis("", {}, 0).from, FitAxis("", {}, 0).to);
}

}  // namespace
}  // namespace engram::cli
