#include "client/cli/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& contents) {
  return std::string(ParseJsonLines(contents).status().message());
}

TEST(JsonLinesTest, ArraysAreRows) {
  const absl::StatusOr<PatternSet> set = ParseJsonLines("[1, 2.5]\r\n\n[-3e1, 4]\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->patterns.values, ElementsAre(1, 2.5F, -30, 4));
  EXPECT_EQ(set->patterns.cols, 2);
  EXPECT_TRUE(set->ids.empty());
}

TEST(JsonLinesTest, ObjectsHaveEverythingThatAPatternHas) {
  const absl::StatusOr<PatternSet> set =
      ParseJsonLines(R"({"pattern": [1, 2], "id": 7, "value": [9], "payload": "caf\u00e9"})"
                     "\n"
                     R"({"id": 0, "payload_base64": "/wA=", "value": [8], "pattern": [3, 4]})");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->patterns.values, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(set->values.values, ElementsAre(9, 8));
  EXPECT_THAT(set->ids, ElementsAre(7, 0));
  EXPECT_THAT(set->payloads, ElementsAre("caf\xC3\xA9", std::string("\xff\0", 2)));
}

TEST(JsonLinesTest, ErrorsNameTheLine) {
  EXPECT_THAT(ErrorOf("[1]\n[1"), HasSubstr("line 2: not JSON"));
  EXPECT_THAT(ErrorOf("[1]\n[1, 2]"), HasSubstr("line 2: pattern: got 2 numbers, the lines before have 1"));
  EXPECT_THAT(ErrorOf("7"), HasSubstr("line 1: expected an array of numbers or an object, got number"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("line 1: pattern: expected an array of numbers"));
  EXPECT_THAT(ErrorOf("[1, \"2\"]"), HasSubstr("expected numbers, got string"));
  EXPECT_THAT(ErrorOf("[1e999]"), HasSubstr("line 1: not JSON"));
}

TEST(JsonLinesTest, UnknownKeysAreErrors) {
  EXPECT_THAT(ErrorOf(R"({"pattern": [1], "lable": 3})"),
              HasSubstr("got key 'lable', allowed are pattern, id"));
}

TEST(JsonLinesTest, IdsAreBelowTwoToThe63) {
  EXPECT_TRUE(ParseJsonLines(R"({"pattern": [1], "id": 9223372036854775807})").ok());
  for (const char* id : {"9223372036854775808", "-1", "1.5", "\"1\""}) {
    EXPECT_THAT(ErrorOf(std::string(R"({"pattern": [1], "id": )") + id + "}"), HasSubstr("[0, 2^63), got"))
        << id;
  }
}

TEST(JsonLinesTest, AKeyIsInAllLinesOrInNone) {
  EXPECT_THAT(ErrorOf("[1]\n{\"pattern\": [2], \"id\": 3}"), HasSubstr("line 2: id: must be in every line"));
  EXPECT_THAT(ErrorOf("{\"pattern\": [2], \"id\": 3}\n[1]"), HasSubstr("line 2: id: must be in every line"));
  EXPECT_THAT(ErrorOf("{\"id\": 3}"), HasSubstr("line 1: pattern: missing"));
  EXPECT_THAT(ErrorOf(R"({"pattern": [1], "payload": "a", "payload_base64": "YQ=="})"),
              HasSubstr("and once"));
}

TEST(JsonLinesTest, AnEmptyFileIsAnError) { EXPECT_THAT(ErrorOf("\n \n"), HasSubstr("no patterns")); }

TEST(JsonLinesTest, DeepNestingIsOnlyAnError) { EXPECT_FALSE(ParseJsonLines(std::string(100000, '[')).ok()); }

}  // namespace
}  // namespace engram::cli
