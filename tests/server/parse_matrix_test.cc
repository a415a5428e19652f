#include "server/parse_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kHuge = int64_t{1} << 62;

v1::Matrix InBytes(int64_t rows, int64_t cols, const std::vector<float>& numbers) {
  v1::Matrix matrix;
  matrix.set_rows(rows);
  matrix.set_cols(cols);
  matrix.set_data(numbers.data(), numbers.size() * sizeof(float));
  return matrix;
}

v1::Matrix InFloats(int64_t rows, int64_t cols, const std::vector<float>& numbers) {
  v1::Matrix matrix;
  matrix.set_rows(rows);
  matrix.set_cols(cols);
  matrix.mutable_values()->Add(numbers.begin(), numbers.end());
  return matrix;
}

absl::StatusOr<ParsedMatrix> Parse(const v1::Matrix& matrix, int64_t cols = 2) {
  return ParseMatrix(matrix, "queries", {cols, "dim", "faces"});
}

// The error names `field`, in its text and for programs.
void ExpectInvalid(const v1::Matrix& matrix, const std::string& field, const std::string& text) {
  const absl::Status status = Parse(matrix).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(field + ": got " + text));
  const auto details = FindErrorDetails(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->field, field);
}

TEST(ParseMatrixTest, BothEncodingsAreReadAndRemembered) {
  const v1::Matrix in_bytes = InBytes(2, 2, {1, 2, 3, 4});
  const absl::StatusOr<ParsedMatrix> bytes = Parse(in_bytes);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_THAT(bytes->values, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(bytes->encoding, v1::MATRIX_ENCODING_BYTES);
  EXPECT_EQ(bytes->view().rows(), 2);
  EXPECT_EQ(bytes->view().cols(), 2);

  const v1::Matrix in_floats = InFloats(2, 2, {1, 2, 3, 4});
  const absl::StatusOr<ParsedMatrix> floats = Parse(in_floats);
  ASSERT_TRUE(floats.ok()) << floats.status();
  EXPECT_EQ(floats->values, bytes->values);
  EXPECT_EQ(floats->encoding, v1::MATRIX_ENCODING_FLOATS);
}

TEST(ParseMatrixTest, TheLargestMagnitudeAndTheSmallestNumbersAreAllowed) {
  EXPECT_TRUE(Parse(InBytes(1, 2, {1e30f, -1e30f})).ok());
  EXPECT_TRUE(Parse(InBytes(1, 2, {-0.0f, std::numeric_limits<float>::denorm_min()})).ok());
}

TEST(ParseMatrixTest, NoRowsAreRefused) {
  ExpectInvalid(v1::Matrix(), "queries.rows", "0, allowed 1 or more");
  ExpectInvalid(InBytes(0, 2, {}), "queries.rows", "0");
  ExpectInvalid(InBytes(-1, 2, {1, 2}), "queries.rows", "-1");
}

TEST(ParseMatrixTest, AnotherDimensionIsRefusedAndTheOwnerNamed) {
  ExpectInvalid(InBytes(1, 3, {1, 2, 3}), "queries.cols", "3, allowed 2, the dim of bank 'faces'");
  ExpectInvalid(InBytes(1, 0, {}), "queries.cols", "0");
  ExpectInvalid(InBytes(1, -2, {1, 2}), "queries.cols", "-2");
}

TEST(ParseMatrixTest, BothEncodingsAtOnceAreRefused) {
  v1::Matrix both = InBytes(1, 2, {1, 2});
  both.add_values(1);
  both.add_values(2);
  ExpectInvalid(both, "queries", "both data and values, allowed one of the two");
}

TEST(ParseMatrixTest, ACountThatIsNotRowsTimesColsIsRefused) {
  ExpectInvalid(InBytes(2, 2, {1, 2, 3}), "queries.data", "12 bytes, allowed rows * cols * 4 = 2 * 2 * 4");
  ExpectInvalid(InFloats(2, 2, {1, 2, 3}), "queries.values", "3 numbers, allowed rows * cols = 2 * 2");
  ExpectInvalid(InBytes(2, 2, {}), "queries.data", "0 bytes");
  v1::Matrix ragged = InBytes(1, 2, {1, 2});
  ragged.mutable_data()->push_back('x');
  ExpectInvalid(ragged, "queries.data", "9 bytes");
}

TEST(ParseMatrixTest, AProductThatOverflowsIsRefused) {
  ExpectInvalid(InBytes(kHuge, 2, {}), "queries.data", "0 bytes");
  ExpectInvalid(InBytes(std::numeric_limits<int64_t>::max(), 2, {1, 2}), "queries.data", "8 bytes");
  ExpectInvalid(InFloats(kHuge + 1, 2, {1, 2}), "queries.values", "2 numbers");
}

TEST(ParseMatrixTest, NumbersThatAreNotFiniteOrTooLargeAreNamedByPlace) {
  for (const float bad : {kNaN, kInfinity, -kInfinity, 1.1e30f, -1e38f, std::numeric_limits<float>::max()}) {
    for (const auto make : {InBytes, InFloats}) {
      const absl::Status status = Parse(make(2, 2, {0, 0, 0, bad})).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
      EXPECT_THAT(std::string(status.message()), HasSubstr("queries[1, 1]: got "));
      EXPECT_THAT(std::string(status.message()), HasSubstr("a finite number of magnitude at most 1e30"));
    }
  }
}

}  // namespace
}  // namespace engram
