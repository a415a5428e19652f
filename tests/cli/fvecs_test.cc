#include "client/cli/fvecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Row(int32_t length, const std::vector<float>& values) {
  std::string row(sizeof length + values.size() * sizeof(float), '\0');
  std::memcpy(row.data(), &length, sizeof length);
  std::memcpy(row.data() + sizeof length, values.data(), values.size() * sizeof(float));
  return row;
}

std::string ErrorOf(const std::string& contents) {
  return std::string(ParseFvecs(contents).status().message());
}

TEST(FvecsTest, RowsAreRead) {
  const absl::StatusOr<Rows> rows = ParseFvecs(Row(2, {1, -2.5F}) + Row(2, {3, 4}));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->cols, 2);
  EXPECT_THAT(rows->values, ElementsAre(1, -2.5F, 3, 4));
}

TEST(FvecsTest, EveryTruncationWithinARowIsAnError) {
  const std::string file = Row(2, {1, 2}) + Row(2, {3, 4});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_EQ(ParseFvecs(file.substr(0, length)).ok(), length == file.size() / 2) << length;
  }
}

TEST(FvecsTest, ErrorsNameTheRow) {
  EXPECT_THAT(ErrorOf(Row(2, {1, 2}) + Row(1, {3})), HasSubstr("row 1 (counted from 0): got length 1"));
  EXPECT_THAT(ErrorOf(Row(-1, {})), HasSubstr("got length -1"));
  EXPECT_THAT(ErrorOf(Row(0, {})), HasSubstr("got length 0"));
  EXPECT_THAT(ErrorOf(Row(2147483647, {1})), HasSubstr("length 2147483647 does not fit the 4 bytes"));
}

}  // namespace
}  // namespace engram::cli
