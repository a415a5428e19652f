#include "client/cli/pattern_report.h"

#include <gtest/gtest.h>

#include <string>

namespace engram::cli {
namespace {

TEST(PatternReportTest, PayloadIsQuotedAndNothingWhenEmpty) {
  EXPECT_EQ(PayloadText("faces"), "\"faces\"");
  EXPECT_EQ(PayloadText(""), "");
}

TEST(PatternReportTest, PayloadInUtf8StaysReadable) { EXPECT_EQ(PayloadText("Ω Sans"), "\"Ω Sans\""); }

TEST(PatternReportTest, PayloadCannotControlTheTerminal) {
  EXPECT_EQ(PayloadText("\x1b[2J"), "\"\\x1b[2J\"");
  EXPECT_EQ(PayloadText("\xc2\x9b"), "\"\\xc2\\x9b\"");
  EXPECT_EQ(PayloadText("\xff\xfe"), "\"\\xff\\xfe\"");
}

TEST(PatternReportTest, LongPayloadIsCutBetweenCharacters) {
  const std::string long_payload = "a" + std::string(200, 'x');
  EXPECT_EQ(PayloadText(long_payload), "\"" + long_payload.substr(0, 60) + "...\"");
  std::string omegas = "x";
  for (int i = 0; i < 40; ++i) omegas += "Ω";
  const std::string shown = PayloadText(omegas);
  EXPECT_EQ(shown, "\"" + omegas.substr(0, 59) + "...\"");
}

}  // namespace
}  // namespace engram::cli
