#include "core/base/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

namespace engram {
namespace {

absl::Status FailIf(bool fails) { return fails ? absl::NotFoundError("inner") : absl::OkStatus(); }

absl::Status ReturnIfError(bool fails, int* reached) {
  ENGRAM_RETURN_IF_ERROR(FailIf(fails));
  ++*reached;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<int>> MakeInt(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Add(int a, int b) {
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, MakeInt(a));
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<int> second, MakeInt(b));
  return *first + *second;
}

TEST(StatusMacrosTest, ReturnIfErrorReturnsErrorsAndNothingElse) {
  int reached = 0;
  EXPECT_EQ(ReturnIfError(true, &reached), absl::NotFoundError("inner"));
  EXPECT_EQ(reached, 0);
  EXPECT_TRUE(ReturnIfError(false, &reached).ok());
  EXPECT_EQ(reached, 1);
}

TEST(StatusMacrosTest, ReturnIfErrorIsOneStatement) {
  const auto call = [](bool taken) -> absl::Status {
    if (taken)
      ENGRAM_RETURN_IF_ERROR(absl::AbortedError("taken"));
    else
      return absl::CancelledError("not taken");
    return absl::OkStatus();
  };
  EXPECT_EQ(call(true), absl::AbortedError("taken"));
  EXPECT_EQ(call(false), absl::CancelledError("not taken"));
}

TEST(StatusMacrosTest, AssignOrReturnMovesTheValueOut) {
  EXPECT_EQ(*Add(2, 3), 5);
  EXPECT_EQ(Add(-1, 3).status(), absl::InvalidArgumentError("negative"));
  EXPECT_EQ(Add(1, -3).status(), absl::InvalidArgumentError("negative"));
}

}  // namespace
}  // namespace engram
