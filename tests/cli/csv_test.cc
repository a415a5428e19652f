#include "client/cli/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& contents) {
  return std::string(ParseCsv(contents).status().message());
}

TEST(CsvTest, EverySeparatorIsRead) {
  for (const char* text : {"1,2\n3,4\n", "1;2\n3;4", "1\t2\n3\t4\n", "1 2\n3   4\n", " 1, 2\r\n3 ,4 \r\n"}) {
    const absl::StatusOr<Rows> rows = ParseCsv(text);
    ASSERT_TRUE(rows.ok()) << text << ": " << rows.status();
    EXPECT_EQ(rows->cols, 2);
    EXPECT_THAT(rows->values, ElementsAre(1, 2, 3, 4));
  }
}

TEST(CsvTest, HeaderCommentsBlankLinesAndByteOrderMarkAreSkipped) {
  const absl::StatusOr<Rows> rows =
      ParseCsv("\xEF\xBB\xBF# made by hand\nx position,y\n\n1,2 # first\n3,4\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(rows->values, ElementsAre(1, 2, 3, 4));
}

TEST(CsvTest, AFirstLineWithSomeNumbersIsNoHeader) {
  EXPECT_THAT(ErrorOf("1,2.o,3\n"), HasSubstr("line 1: column 1 (counted from 0): got '2.o'"));
}

TEST(CsvTest, OnlyTheFirstLineCanBeAHeader) {
  EXPECT_THAT(ErrorOf("x,y\nu,v\n1,2\n"), HasSubstr("line 2: column 0"));
}

TEST(CsvTest, RaggedRowsNameTheLine) {
  EXPECT_THAT(ErrorOf("1,2\n\n3\n"), HasSubstr("line 3: got 1 numbers, the rows before have 2"));
}

TEST(CsvTest, AMissingFieldIsAnError) {
  EXPECT_THAT(ErrorOf("1,,3\n"), HasSubstr("column 1 (counted from 0): got ''"));
  EXPECT_THAT(ErrorOf("1,2,\n"), HasSubstr("column 2"));
}

TEST(CsvTest, AFileWithoutNumbersIsAnError) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf("\n# nothing\n"), HasSubstr("no rows"));
  EXPECT_THAT(ErrorOf("x,y\n"), HasSubstr("no rows"));
}

TEST(CsvTest, BinaryGarbageIsEscapedInErrors) {
  EXPECT_THAT(ErrorOf("1 \x1b[31m\n"), HasSubstr("\\x1b[31m"));
}

TEST(CsvTest, NumbersOnTheCommandLineAreOneRow) {
  EXPECT_THAT(*ParseNumbers("-0.5,1e2, 3"), ElementsAre(-0.5F, 100, 3));
  EXPECT_THAT(*ParseNumbers("7"), ElementsAre(7));
  EXPECT_FALSE(ParseNumbers("digits.npy").ok());
  EXPECT_FALSE(ParseNumbers("-").ok());
  EXPECT_FALSE(ParseNumbers("").ok());
}

}  // namespace
}  // namespace engram::cli
