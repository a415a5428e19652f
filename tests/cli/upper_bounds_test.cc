#include "client/cli/upper_bounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "client/cli/npy.h"

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(UpperBoundsTest, NumbersStandInLinesOrBetweenSeparators) {
  EXPECT_THAT(*ParseUpperBounds("0.1\n0.2\n\n1\n"), ElementsAre(0.1, 0.2, 1));
  EXPECT_THAT(*ParseUpperBounds("0.1, 0.2; 1 # the rest\r\n2"), ElementsAre(0.1, 0.2, 1, 2));
}

TEST(UpperBoundsTest, NpyKeepsItsPrecision) {
  const std::vector<double> bounds = {0.1, 1.0 / 3};
  EXPECT_THAT(*ParseUpperBounds(ToNpy(bounds)), ElementsAre(0.1, 1.0 / 3));
  EXPECT_THAT(*ParseUpperBounds(ToNpy(std::vector<float>{0.5F, 1}, 1)), ElementsAre(0.5, 1));
}

TEST(UpperBoundsTest, WhatIsNoNumberIsNamed) {
  EXPECT_EQ(ParseUpperBounds("1\n2,x\n").status(),
            absl::InvalidArgumentError("line 2: got 'x', allowed are numbers"));
  EXPECT_EQ(ParseUpperBounds("# nothing\n").status(), absl::InvalidArgumentError("there are no numbers"));
  EXPECT_THAT(std::string(ReadUpperBounds("no-such-file").status().message()), HasSubstr("no-such-file"));
  EXPECT_FALSE(ReadUpperBounds("-").ok());
}

}  // namespace
}  // namespace engram::cli
