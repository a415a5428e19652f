// The choice of a backend on a machine with a GPU.

#include <gtest/gtest.h>

#include <string>

#include "core/sweep/sweeper_list.h"
#include "tests/core/sweep/cuda/device_under_test.h"

namespace engram {
namespace {

class CudaChoiceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasDeviceUnderTest()) GTEST_SKIP() << "no CUDA device";
  }

  ThreadPool pool_{1};
};

TEST_F(CudaChoiceTest, TheBackendForGpusIsMadeByName) {
  const auto chosen = MakeSweeper({"cuda"}, &pool_);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(std::string(chosen->sweeper->name()), "cuda");
}

TEST_F(CudaChoiceTest, AutoChoosesIt) {
  const auto chosen = MakeSweeper({}, &pool_);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(std::string(chosen->sweeper->name()), "cuda");
}

}  // namespace
}  // namespace engram
