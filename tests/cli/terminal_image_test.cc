#include "client/cli/terminal_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "client/cli/picture_row.h"
#include "client/cli/table.h"

namespace engram::cli {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

GreyImage Image(int64_t width, int64_t height, std::vector<double> levels) {
  return {{width, height}, levels};
}

std::string Print(const std::vector<Picture>& pictures, int columns, Colors colors) {
  std::ostringstream out;
  Screen screen;
  screen.stream = &out;
  screen.is_terminal = true;
  screen.columns = columns;
  screen.colors = colors;
  PrintPictures(pictures, screen);
  return out.str();
}

TEST(GreyImageTest, SmallestValueIsBlackAndLargestWhite) {
  const std::vector<float> values = {-1, 0, 1, 3};
  EXPECT_THAT(ToGreyImage(values, {2, 2}, std::nullopt).levels, ElementsAre(0, 0.25, 0.5, 1));
}

TEST(GreyImageTest, ValuesOutsideTheRangeAreClipped) {
  const std::vector<float> values = {-1, 0.5, 2};
  EXPECT_THAT(ToGreyImage(values, {3, 1}, ValueRange{0, 1}).levels, ElementsAre(0, 0.5, 1));
}

TEST(GreyImageTest, AnImageOfOneValueIsBlack) {
  EXPECT_THAT(ToGreyImage(std::vector<float>{5, 5}, {2, 1}, std::nullopt).levels, Each(0));
}

TEST(GreyImageTest, MagnifyRepeatsPixels) {
  EXPECT_THAT(Magnify(Image(2, 1, {0, 1}), 2).levels, ElementsAre(0, 0, 1, 1, 0, 0, 1, 1));
}

TEST(GreyImageTest, ShrinkAveragesBlocksAndTheirRemainders) {
  const GreyImage image = Shrink(Image(3, 2, {0, 1, 1, 0, 1, 0}), 2);
  EXPECT_EQ(image.size.width, 2);
  EXPECT_THAT(image.levels, ElementsAre(0.5, 0.5));
}

TEST(TerminalImageTest, AHalfBlockIsTwoPixels) {
  EXPECT_THAT(RenderImage(Image(1, 2, {1, 0}), Colors::kTrue),
              ElementsAre("\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m"));
  EXPECT_THAT(RenderImage(Image(1, 2, {1, 0}), Colors::kPalette),
              ElementsAre("\x1b[38;5;231;48;5;16m▀\x1b[0m"));
}

TEST(TerminalImageTest, AColorIsSetOnlyWhereItChanges) {
  EXPECT_THAT(RenderImage(Image(3, 2, {1, 1, 0, 0, 0, 0}), Colors::kPalette),
              ElementsAre("\x1b[38;5;231;48;5;16m▀▀\x1b[38;5;16;48;5;16m▀\x1b[0m"));
}

TEST(TerminalImageTest, AnOddLastRowHasNoLowerPixel) {
  const std::vector<std::string> lines = RenderImage(Image(1, 3, {0, 0, 1}), Colors::kPalette);
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[1], "\x1b[38;5;231;49m▀\x1b[0m");
  EXPECT_THAT(RenderImage(Image(1, 3, {0, 0, 1}), Colors::kNone), ElementsAre(" ", "@"));
}

TEST(TerminalImageTest, WithoutColorsTwoRowsAreOneLineOfCharacters) {
  EXPECT_THAT(RenderImage(Image(3, 2, {0, 1, 1, 0, 0, 1}), Colors::kNone), ElementsAre(" +@"));
}

TEST(TerminalImageTest, PaletteGreysAscend) {
  for (int grey = 1; grey < 256; ++grey) {
    const auto index = [](int level) {
      const std::string line = RenderImage(Image(1, 1, {level / 255.0}), Colors::kPalette)[0];
      const int code = std::stoi(line.substr(line.find("5;") + 2));
      return code == 16 ? 231 : code == 231 ? 300 : code;
    };
    EXPECT_LE(index(grey - 1), index(grey)) << grey;
  }
}

TEST(PictureRowTest, PicturesStandSideBySideUnderTheirCaptions) {
  const GreyImage image = Image(8, 2, std::vector<double>(16, 1));
  EXPECT_EQ(Print({{"query", image}, {"recalled", image}}, 40, Colors::kNone),
            "+- query --------+  +- recalled -----+\n"
            "|@@@@@@@@@@@@@@@@|  |@@@@@@@@@@@@@@@@|\n"
            "|@@@@@@@@@@@@@@@@|  |@@@@@@@@@@@@@@@@|\n"
            "+----------------+  +----------------+\n");
}

TEST(PictureRowTest, RowsWrapWhereTheScreenEnds) {
  const GreyImage image = Image(10, 10, std::vector<double>(100, 0.5));
  for (int columns : {12, 26, 40, 80, 200}) {
    for (const Colors colors : {Colors::kNone, Colors::kPalette}) {
      std::istringstream lines(Print(std::vector<Picture>(5, {"row", image}), columns, colors));
      for (std::string line; std::getline(lines, line);) {
        if (line.find('\x1b') == std::string::npos) {
          EXPECT_LE(DisplayWidth(line), columns);
        }
      }
    }
  }
}

TEST(PictureRowTest, AnImageWiderThanTheScreenIsShrunk) {
  const std::string text = Print({{"row 0", Image(300, 4, std::vector<double>(1200, 1))}}, 80, Colors::kNone);
  EXPECT_EQ(text.substr(0, text.find('\n')).size(), 77);
}

TEST(PictureRowTest, ACaptionThatDoesNotFitIsLeftOut) {
  EXPECT_THAT(Print({{"a long caption", Image(1, 1, {1})}}, 80, Colors::kNone), Not(HasSubstr("long")));
}

}  // namespace
}  // namespace engram::cli
