#include "core/sweep/sweeper_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace engram {
namespace {

using ::testing::HasSubstr;

TEST(SweeperListTest, MakesEveryBackendThatItNames) {
  ThreadPool pool(1);
  for (const std::string& name : SweeperNames()) {
    const auto chosen = MakeSweeper(name, &pool);
    ASSERT_TRUE(chosen.ok()) << name;
    EXPECT_EQ(std::string(chosen->sweeper->name()), name);
  }
}

TEST(SweeperListTest, AutoSaysWhatItChoseAndWhy) {
  ThreadPool pool(1);
  const auto chosen = MakeSweeper("auto", &pool);
  EXPECT_EQ(std::string(chosen->sweeper->name()), "cpu");
  EXPECT_THAT(chosen->reason, HasSubstr("auto"));
}

TEST(SweeperListTest, UnknownBackendIsRefusedWithTheAllowedOnes) {
  ThreadPool pool(1);
  const absl::Status status = MakeSweeper("tpu", &pool).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("got 'tpu', allowed auto, reference, cpu"));
}

}  // namespace
}  // namespace engram
