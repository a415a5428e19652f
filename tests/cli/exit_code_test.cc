#include "client/cli/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/screen.h"

namespace engram::cli {
namespace {

TEST(ExitCodeTest, EveryStatusHasItsStableCode) {
  using Code = absl::StatusCode;
  const std::pair<Code, int> kExpected[] = {{Code::kOk, 0},
                                            {Code::kUnknown, 1},
                                            {Code::kPermissionDenied, 1},
                                            {Code::kUnauthenticated, 1},
                                            {Code::kInvalidArgument, 3},
                                            {Code::kOutOfRange, 3},
                                            {Code::kNotFound, 4},
                                            {Code::kAlreadyExists, 5},
                                            {Code::kFailedPrecondition, 6},
                                            {Code::kAborted, 6},
                                            {Code::kResourceExhausted, 7},
                                            {Code::kUnavailable, 8},
                                            {Code::kDeadlineExceeded, 9},
                                            {Code::kCancelled, 9},
                                            {Code::kUnimplemented, 10},
                                            {Code::kInternal, 11},
                                            {Code::kDataLoss, 11}};
  for (const auto& [code, expected] : kExpected)
    EXPECT_EQ(ToExitCode(absl::Status(code, "text")), expected) << code;
}

TEST(ExitCodeTest, UsageErrorsAreToldFromInvalidArguments) {
  EXPECT_EQ(ToExitCode(UsageError("text")), kUsageExitCode);
  EXPECT_EQ(UsageError("text").message(), "text");
  EXPECT_FALSE(IsUsageError(absl::InvalidArgumentError("text")));
}

TEST(ExitCodeTest, TheHelpListsAllCodes) {
  for (const char* line : {"   0  success\n", "   2  wrong command line", "  11  internal"}) {
    EXPECT_THAT(ExitCodeHelp(), testing::HasSubstr(line));
  }
}

TEST(ScreenTest, ColorsAreOnlyForTerminals) {
  EXPECT_EQ(ChooseColors("auto", false, {}), Colors::kNone);
  EXPECT_EQ(ChooseColors("auto", true, {}), Colors::kPalette);
  EXPECT_EQ(ChooseColors("auto", true, {"", "truecolor", ""}), Colors::kTrue);
  EXPECT_EQ(ChooseColors("auto", true, {"", "24bit", ""}), Colors::kTrue);
}

TEST(ScreenTest, NoColorAndDumbTerminalsAreHonoured) {
  EXPECT_EQ(ChooseColors("auto", true, {"1", "truecolor", ""}), Colors::kNone);
  EXPECT_EQ(ChooseColors("auto", true, {"", "", "dumb"}), Colors::kNone);
}

TEST(ScreenTest, TheFlagDecidesBeforeTheEnvironment) {
  EXPECT_EQ(ChooseColors("never", true, {"", "truecolor", ""}), Colors::kNone);
  EXPECT_EQ(ChooseColors("always", false, {"1", "", ""}), Colors::kPalette);
}

}  // namespace
}  // namespace engram::cli
