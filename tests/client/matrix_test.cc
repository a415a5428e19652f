#include "engram/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(MatrixTest, NumbersTravelAsLittleEndianBytesRowByRow) {
  const v1::Matrix matrix = ToMatrix({1.0f, -2.0f, 0.5f, 0.0f, 3.0f, 4.0f}, 3);

  EXPECT_EQ(matrix.rows(), 2);
  EXPECT_EQ(matrix.cols(), 3);
  EXPECT_EQ(matrix.values_size(), 0);
  ASSERT_EQ(matrix.data().size(), 24u);
  EXPECT_EQ(matrix.data().substr(0, 8), std::string("\x00\x00\x80\x3f\x00\x00\x00\xc0", 8));
}

TEST(MatrixTest, NoNumbersAreAMatrixWithoutRows) {
  const v1::Matrix matrix = ToMatrix({}, 7);
  EXPECT_EQ(matrix.rows(), 0);
  EXPECT_EQ(matrix.cols(), 7);
  EXPECT_THAT(*ToValues(matrix), IsEmpty());
}

TEST(MatrixTest, BytesComeBackBitForBit) {
  const std::vector<float> values = {0.1f, -0.0f, std::numeric_limits<float>::denorm_min(), 1e30f};
  const std::vector<float> back = *ToValues(ToMatrix(values, 2));
  EXPECT_EQ(back, values);
  EXPECT_TRUE(std::signbit(back[1]));
}

TEST(MatrixTest, FloatsAreReadLikeBytes) {
  v1::Matrix matrix;
  matrix.set_rows(2);
  matrix.set_cols(2);
  for (const float value : {1.0f, 2.0f, 3.0f, 4.0f}) matrix.add_values(value);
  EXPECT_THAT(*ToValues(matrix), ElementsAre(1, 2, 3, 4));
}

TEST(MatrixTest, AnUnsetMatrixHasNoNumbers) { EXPECT_THAT(*ToValues(v1::Matrix()), IsEmpty()); }

TEST(MatrixTest, BothEncodingsAtOnceAreRefused) {
  v1::Matrix matrix = ToMatrix({1.0f, 2.0f}, 2);
  matrix.add_values(1);
  matrix.add_values(2);
  const absl::Status status = ToValues(matrix).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("got 8 bytes and 2 numbers"));
}

struct Shape {
  int64_t rows;
  int64_t cols;
  size_t bytes;
};

class BadShapeTest : public ::testing::TestWithParam<Shape> {};

TEST_P(BadShapeTest, IsRefused) {
  v1::Matrix matrix;
  matrix.set_rows(GetParam().rows);
  matrix.set_cols(GetParam().cols);
  matrix.set_data(std::string(GetParam().bytes, '\0'));
  EXPECT_EQ(ToValues(matrix).status().code(), absl::StatusCode::kInvalidArgument);
}

constexpr int64_t kHuge = int64_t{1} << 62;

INSTANTIATE_TEST_SUITE_P(MatrixTest, BadShapeTest,
                         ::testing::Values(Shape{2, 2, 12}, Shape{2, 2, 20}, Shape{2, 2, 15}, Shape{1, 1, 3},
                                           Shape{0, 4, 16}, Shape{4, 0, 16}, Shape{-1, 4, 16},
                                           Shape{1, -4, 16}, Shape{-1, -4, 16}, Shape{kHuge, 4, 0},
                                           Shape{kHuge, kHuge, 16}, Shape{kHuge, 8, 32}));

}  // namespace
}  // namespace engram
