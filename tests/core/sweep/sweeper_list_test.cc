#include "core/sweep/sweeper_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/sweep/cpu/screen_kernels.h"

namespace engram {
namespace {

using ::testing::HasSubstr;

TEST(SweeperListTest, MakesEveryBackendThatItNames) {
  ThreadPool pool(1);
  for (const std::string& name : SweeperNames()) {
    if (name == "cuda") continue;  // See cuda/cuda_choice_test.cc.
    const auto chosen = MakeSweeper({name}, &pool);
    ASSERT_TRUE(chosen.ok()) << chosen.status();
    EXPECT_EQ(std::string(chosen->sweeper->name()), name);
  }
}

TEST(SweeperListTest, AutoSaysWhatItChoseAndWhy) {
  ThreadPool pool(1);
  const auto chosen = MakeSweeper({}, &pool);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(std::string(chosen->sweeper->name()), chosen->sweeper->devices().empty() ? "cpu" : "cuda");
  EXPECT_THAT(chosen->reason, HasSubstr("auto"));
  EXPECT_EQ(chosen->kernels, BestScreenKernels().name);
  EXPECT_THAT(chosen->kernels_reason, HasSubstr("auto"));
}

TEST(SweeperListTest, ScreensWithTheKernelsThatAreAskedFor) {
  ThreadPool pool(1);
  for (const std::string& name : SupportedScreenKernels()) {
    const auto chosen = MakeSweeper({"cpu", name}, &pool);
    ASSERT_TRUE(chosen.ok()) << name;
    EXPECT_EQ(chosen->kernels, name);
    EXPECT_EQ(chosen->kernels_reason, "asked for by name");
  }
  EXPECT_EQ(MakeSweeper({"reference"}, &pool)->kernels, "");
}

TEST(SweeperListTest, UnknownKernelsAreRefusedWithTheAllowedOnes) {
  ThreadPool pool(1);
  const absl::Status status = MakeSweeper({"cpu", "sse2"}, &pool).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cpu-kernels: got 'sse2', allowed auto"));
}

TEST(SweeperListTest, UnknownBackendIsRefusedWithTheAllowedOnes) {
  ThreadPool pool(1);
  const absl::Status status = MakeSweeper({"tpu"}, &pool).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("got 'tpu', allowed auto, reference, cpu"));
}

}  // namespace
}  // namespace engram
