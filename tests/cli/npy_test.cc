#include "client/cli/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A .npy file of the given version around a header and data.
std::string File(int version, std::string header, const std::string& data) {
  header.push_back('\n');
  std::string file =
      absl::StrCat("\x93NUMPY", std::string(1, static_cast<char>(version)), std::string(1, '\0'));
  const int length_bytes = version == 1 ? 2 : 4;
  for (int i = 0; i < length_bytes; ++i) file.push_back(static_cast<char>(header.size() >> (8 * i) & 0xff));
  return file + header + data;
}

std::string Header(const std::string& descr, const std::string& shape, bool fortran_order = false) {
  return absl::StrCat("{'descr': '", descr, "', 'fortran_order': ", fortran_order ? "True" : "False",
                      ", 'shape': ", shape, ", }");
}

template <typename T>
std::string Bytes(std::vector<T> values, bool big_endian = false) {
  std::string bytes;
  for (const T& value : values) {
    std::string one(sizeof value, '\0');
    std::memcpy(one.data(), &value, sizeof value);
    bytes += big_endian ? std::string(one.rbegin(), one.rend()) : one;
  }
  return bytes;
}

std::string ErrorOf(const std::string& contents) {
  return std::string(ParseNpy(contents).status().message());
}

TEST(NpyTest, EveryElementTypeIsReadInBothByteOrders) {
  for (const bool big : {false, true}) {
    const std::string order = big ? ">" : "<";
    const auto read = [&](const std::string& type, const std::string& data) {
      const absl::StatusOr<Rows> rows = ParseNpy(File(1, Header(order + type, "(2,)"), data));
      EXPECT_TRUE(rows.ok()) << type << ": " << rows.status();
      return rows.ok() ? rows->values : std::vector<float>();
    };
    EXPECT_THAT(read("f4", Bytes<float>({-1.5F, 3}, big)), ElementsAre(-1.5F, 3));
    EXPECT_THAT(read("f8", Bytes<double>({-1.5, 3}, big)), ElementsAre(-1.5F, 3));
    EXPECT_THAT(read("i1", Bytes<int8_t>({-128, 3}, big)), ElementsAre(-128, 3));
    EXPECT_THAT(read("i2", Bytes<int16_t>({-300, 3}, big)), ElementsAre(-300, 3));
    EXPECT_THAT(read("i4", Bytes<int32_t>({-70000, 3}, big)), ElementsAre(-70000, 3));
    EXPECT_THAT(read("i8", Bytes<int64_t>({-(int64_t{1} << 40), 3}, big)), ElementsAre(-1099511627776.0F, 3));
    EXPECT_THAT(read("u1", Bytes<uint8_t>({255, 3}, big)), ElementsAre(255, 3));
    EXPECT_THAT(read("u2", Bytes<uint16_t>({65535, 3}, big)), ElementsAre(65535, 3));
    EXPECT_THAT(read("u4", Bytes<uint32_t>({1U << 31, 3}, big)), ElementsAre(2147483648.0F, 3));
    EXPECT_THAT(read("u8", Bytes<uint64_t>({uint64_t{1} << 63, 3}, big)),
                ElementsAre(9223372036854775808.0F, 3));
    EXPECT_THAT(read("b1", Bytes<uint8_t>({1, 0}, big)), ElementsAre(1, 0));
  }
}

TEST(NpyTest, EveryVersionIsRead) {
  for (int version : {1, 2, 3}) {
    const absl::StatusOr<Rows> rows = ParseNpy(File(version, Header("<f4", "(2, 1)"), Bytes<float>({1, 2})));
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(rows->cols, 1);
    EXPECT_EQ(rows->count(), 2);
  }
}

TEST(NpyTest, FortranOrderIsTransposed) {
  const absl::StatusOr<Rows> rows =
      ParseNpy(File(1, Header("<f4", "(2, 3)", true), Bytes<float>({1, 4, 2, 5, 3, 6})));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(rows->values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(NpyTest, OneDimensionIsOneRow) {
  const absl::StatusOr<Rows> rows = ParseNpy(File(1, Header("<f4", "(3,)"), Bytes<float>({1, 2, 3})));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->count(), 1);
  EXPECT_EQ(rows->cols, 3);
}

TEST(NpyTest, WhatIsWrittenIsReadBack) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (int64_t cols : {1, 3, 64}) {
    std::vector<float> values(static_cast<size_t>(5 * cols));
    for (float& value : values) value = normal(random);
    const std::string file = ToNpy(values, cols);
    EXPECT_EQ((file.size() - values.size() * sizeof(float)) % 64, 0);
    const absl::StatusOr<Rows> rows = ParseNpy(file);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(rows->cols, cols);
    EXPECT_EQ(rows->values, values);
  }
}

TEST(NpyTest, DoublesAreWrittenInOneDimension) {
  const absl::StatusOr<Rows> rows = ParseNpy(ToNpy(std::vector<double>{0.5, -2}));
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(rows->values, ElementsAre(0.5F, -2));
}

TEST(NpyTest, EveryTruncationIsAnError) {
  const std::string file = ToNpy(std::vector<float>{1, 2, 3, 4}, 2);
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_FALSE(ParseNpy(file.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(ParseNpy(file + "x").ok());
}

TEST(NpyTest, AbsurdShapesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(4294967296, 4294967296)"), "")),
              HasSubstr("does not fit the 0 bytes"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(9223372036854775807, 4)"), "1234")), HasSubstr("does not fit"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(9223372036854775808,)"), "")), HasSubstr("a size below 2^63"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(-1, 4)"), "")), HasSubstr("a size below 2^63"));
}

TEST(NpyTest, AHeaderLongerThanTheFileIsRefused) {
  EXPECT_THAT(ErrorOf(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14)),
              HasSubstr("got a length of 4294967295"));
}

TEST(NpyTest, ErrorsNameWhatWasGotAndWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("hello"), HasSubstr("does not begin with"));
  EXPECT_THAT(ErrorOf(File(4, Header("<f4", "(1,)"), "")), HasSubstr("got version 4"));
  EXPECT_THAT(ErrorOf(File(1, Header("<c8", "(1,)"), "")), HasSubstr("got element type '<c8'"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(1, 2, 2)"), "")), HasSubstr("got shape (1, 2, 2)"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "()"), "")), HasSubstr("got shape ()"));
  EXPECT_THAT(ErrorOf(File(1, Header("<f4", "(0, 3)"), "")), HasSubstr("is empty"));
  EXPECT_THAT(ErrorOf(File(1, "{'descr': '<f4'}", "")), HasSubstr("must all be there"));
  EXPECT_THAT(ErrorOf(File(1, "{'descr': '<f4', 'descr': '<f4'}", "")), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf(File(1, "{'order': 'C'}", "")), HasSubstr("got key 'order'"));
}

}  // namespace
}  // namespace engram::cli
