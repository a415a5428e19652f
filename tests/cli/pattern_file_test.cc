#include "client/cli/pattern_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/npy.h"
#include "client/cli/pattern_attributes.h"

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PatternFileTest, TheFlagDecidesBeforeTheEnding) {
  EXPECT_EQ(*FindPatternFormat("csv", "a.npy", ""), PatternFormat::kCsv);
  EXPECT_EQ(*FindPatternFormat("", "a.NPY", ""), PatternFormat::kNpy);
  EXPECT_EQ(*FindPatternFormat("", "a.tsv", ""), PatternFormat::kCsv);
  EXPECT_EQ(*FindPatternFormat("", "a.jsonl", ""), PatternFormat::kJsonLines);
  EXPECT_EQ(*FindPatternFormat("", "a.fvecs", ""), PatternFormat::kFvecs);
}

TEST(PatternFileTest, StandardInputIsToldByItsFirstBytes) {
  EXPECT_EQ(*FindPatternFormat("", "-", ToNpy(std::vector<float>{1}, 1)), PatternFormat::kNpy);
  EXPECT_EQ(*FindPatternFormat("", "-", "[1, 2]\n"), PatternFormat::kJsonLines);
  EXPECT_EQ(*FindPatternFormat("", "-", "{\"pattern\": [1]}"), PatternFormat::kJsonLines);
  EXPECT_EQ(*FindPatternFormat("", "-", "1\n"), PatternFormat::kCsv);
  EXPECT_EQ(*FindPatternFormat("", "-", "-1,2\n"), PatternFormat::kCsv);
}

TEST(PatternFileTest, WhatCannotBeToldIsAnError) {
  for (const std::string& contents : {std::string(), std::string("hello"), std::string("[\0\0\0abcd", 8)}) {
    EXPECT_THAT(std::string(FindPatternFormat("", "-", contents).status().message()),
                HasSubstr("say --format npy, csv, jsonl, fvecs"));
  }
  EXPECT_FALSE(FindPatternFormat("xml", "a.npy", "").ok());
}

TEST(PatternFileTest, NumbersThatAreNotFiniteNameRowAndColumn) {
  const auto error = [](const char* text) {
    const absl::Status status = ParsePatternFile(text, PatternFormat::kCsv).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error("1,2\n3,nan\n"), HasSubstr("row 1, column 1 (counted from 0): got nan"));
  EXPECT_THAT(error("1,-inf\n"), HasSubstr("row 0, column 1"));
  EXPECT_THAT(error("1,1e39\n"), HasSubstr("got inf"));
}

TEST(PatternFileTest, ValuesAreCheckedToo) {
  const absl::Status status =
      ParsePatternFile(R"({"pattern": [1], "value": [1e39]})", PatternFormat::kJsonLines).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("value: row 0, column 0"));
}

TEST(PatternAttributesTest, IdsAreOneALine) {
  EXPECT_THAT(*ParseIds("0\n9223372036854775807\r\n12"), ElementsAre(0, 9223372036854775807U, 12));
  EXPECT_TRUE(ParseIds("")->empty());
  EXPECT_THAT(std::string(ParseIds("1\n-2\n").status().message()), HasSubstr("line 2: got '-2'"));
  EXPECT_FALSE(ParseIds("1\n\n2\n").ok());
  EXPECT_FALSE(ParseIds("9223372036854775808\n").ok());
}

TEST(PatternAttributesTest, BlankLinesAreEmptyPayloads) {
  EXPECT_THAT(ParsePayloads("one\n\nthree\r\n"), ElementsAre("one", "", "three"));
  EXPECT_THAT(ParsePayloads(""), ElementsAre());
}

}  // namespace
}  // namespace engram::cli
