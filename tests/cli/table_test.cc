#include "client/cli/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

#include "client/cli/number_text.h"
#include "client/cli/progress_bar.h"

namespace engram::cli {
namespace {

Screen MakeTerminal(std::ostream* out, Colors colors) {
  Screen screen;
  screen.stream = out;
  screen.is_terminal = true;
  screen.colors = colors;
  return screen;
}

TEST(TableTest, NumbersAreAlignedRightAndTextLeft) {
  Table table({"name", "patterns"});
  table.AddRow({"digits", "1,797"});
  table.AddRow({"a", "-"});
  std::ostringstream out;
  table.Print({&out});
  EXPECT_EQ(out.str(), "name    patterns\ndigits     1,797\na              -\n");
}

TEST(TableTest, TheHeaderIsBoldWhereThereAreColors) {
  Table table({"name"});
  std::ostringstream out;
  table.Print(MakeTerminal(&out, Colors::kPalette));
  EXPECT_EQ(out.str(), "\x1b[1mname\x1b[0m\n");
}

TEST(TableTest, WithoutAHeaderEverythingIsAlignedLeft) {
  Table table({});
  table.AddRow({"dim", "64"});
  table.AddRow({"largest norm", "1"});
  std::ostringstream out;
  table.Print({&out});
  EXPECT_EQ(out.str(), "dim           64\nlargest norm  1\n");
}

TEST(TableTest, WidthCountsCharactersNotBytes) { EXPECT_EQ(DisplayWidth("▀é"), 2); }

TEST(NumberTextTest, NumbersReadWell) {
  EXPECT_EQ(NumberText(1.0 / 3), "0.333333");
  EXPECT_EQ(NumberText(-0.0), "-0");
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1000), "1,000");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(CountText(-123), "-123");
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(int64_t{64} << 20), "64 MiB");
  EXPECT_EQ(BytesText(std::numeric_limits<int64_t>::max()), "8 EiB");
}

TEST(NumberTextTest, ShortDoublesConvertBackToTheSameFloat) {
  EXPECT_EQ(ToShortDouble(0.1F), 0.1);
  std::mt19937 random(11);
  for (int i = 0; i < 1000; ++i) {
    const uint32_t bits = random();
    float value;
    static_assert(sizeof value == sizeof bits);
    std::memcpy(&value, &bits, sizeof value);
    if (value != value) continue;
    EXPECT_EQ(static_cast<float>(ToShortDouble(value)), value);
  }
}

TEST(ProgressBarTest, TheLineSaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(ProgressLine("storing", 500, 2000, absl::Seconds(5), 60),
            "storing [████             ]  25%  500/2,000  100/s  ETA 15s");
  EXPECT_EQ(ProgressLine("storing", 0, 2000, absl::ZeroDuration(), 30), "storing   0%  0/2,000");
}

TEST(ProgressBarTest, TheLineMayCountBytes) {
  EXPECT_EQ(ProgressLine("copying", 512, 2048, absl::Seconds(1), 50, BytesText),
            "copying  25%  512 B/2 KiB  512 B/s  ETA 3s");
}

TEST(ProgressBarTest, TheLineFitsTheScreen) {
  for (int columns = 0; columns < 120; ++columns) {
    EXPECT_LE(DisplayWidth(ProgressLine("storing", 1234567, 7654321, absl::Seconds(100), columns)),
              std::max(columns - 1, 0));
  }
}

TEST(FirstCharactersTest, CutsBetweenCodePoints) {
  EXPECT_EQ(FirstCharacters("aä€b", 0), "");
  EXPECT_EQ(FirstCharacters("aä€b", 1), "a");
  EXPECT_EQ(FirstCharacters("aä€b", 2), "aä");
  EXPECT_EQ(FirstCharacters("aä€b", 3), "aä€");
  EXPECT_EQ(FirstCharacters("aä€b", 9), "aä€b");
}

TEST(ProgressBarTest, ALabelIsCutBetweenCharacters) {
  EXPECT_EQ(ProgressLine("äöü", 1, 2, absl::ZeroDuration(), 3), "äö");
}

TEST(ProgressBarTest, ItRedrawsAtMostTenTimesASecond) {
  std::ostringstream out;
  const Screen screen = MakeTerminal(&out, Colors::kNone);
  {
    ProgressBar bar(screen, "storing", 10, absl::UnixEpoch());
    bar.Update(1, absl::UnixEpoch());
    const std::string first = out.str();
    bar.Update(2, absl::UnixEpoch() + absl::Milliseconds(99));
    EXPECT_EQ(out.str(), first);
    bar.Update(3, absl::UnixEpoch() + absl::Milliseconds(100));
    EXPECT_GT(out.str().size(), first.size());
  }
  EXPECT_EQ(out.str().substr(out.str().size() - 4), "\r\x1b[K");
}

TEST(ProgressBarTest, ItIsSilentWithoutATerminal) {
  std::ostringstream out;
  const Screen screen{&out};
  { ProgressBar(screen, "storing", 10, absl::UnixEpoch()).Update(10, absl::UnixEpoch()); }
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace engram::cli
