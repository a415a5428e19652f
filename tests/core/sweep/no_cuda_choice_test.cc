// The choice of a backend in a build without CUDA.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/sweep/sweeper_list.h"

namespace engram {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(NoCudaChoiceTest, ABuildWithoutCudaSaysHowToGetIt) {
  EXPECT_THAT(SweeperNames(), Not(Contains("cuda")));
  ThreadPool pool(1);
  const absl::Status status = MakeSweeper({"cuda"}, &pool).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("this build has no CUDA backend"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("-DENGRAM_CUDA=ON"));
}

}  // namespace
}  // namespace engram
