#include "server/call_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/base/error.h"

namespace engram {
namespace {

TEST(CallGateTest, AnOpenGateLetsCallsIn) {
  CallGate gate;
  EXPECT_TRUE(gate.Enter().ok());
  EXPECT_TRUE(gate.Enter().ok());
}

TEST(CallGateTest, AClosedGateLetsNobodyIn) {
  CallGate gate;
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 0);
  EXPECT_EQ(gate.Enter().code(), absl::StatusCode::kUnavailable);
}

TEST(CallGateTest, WhoIsInsideSeesItClose) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter().ok());
  EXPECT_TRUE(gate.CheckOpen().ok());
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 1);
  EXPECT_EQ(gate.CheckOpen(), gate.Enter());
}

TEST(CallGateTest, RequestsTogetherAreBoundedAndOneAloneIsNot) {
  CallGate gate(/*max_bytes=*/100);
  ASSERT_TRUE(gate.Enter(500).ok());
  const absl::Status refused = gate.Enter(1);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(FindErrorDetails(refused)->retry_delay, absl::ZeroDuration());
  gate.Leave(500);
  EXPECT_TRUE(gate.Enter(60).ok());
  EXPECT_TRUE(gate.Enter(40).ok());
  EXPECT_FALSE(gate.Enter(1).ok());
}

TEST(CallGateTest, ClosingCountsThoseInsideWhenGraceIsOver) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter().ok());
  ASSERT_TRUE(gate.Enter().ok());
  ASSERT_TRUE(gate.Enter().ok());
  gate.Leave();
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 2);
  gate.Leave();
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 1);
}

TEST(CallGateTest, ClosingEndsWhenTheLastCallLeaves) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter().ok());
  ASSERT_TRUE(gate.Enter().ok());
  std::thread calls([&] {
    // Once the gate is seen closed, somebody waits or is about to.
    while (gate.Enter().ok()) gate.Leave();
    gate.Leave();
    gate.Leave();
  });
  EXPECT_EQ(gate.CloseAndWait(absl::Hours(1)), 0);
  calls.join();
}

TEST(CallGateTest, NoCallIsInsideAfterTheGateIsEmpty) {
  CallGate gate;
  std::atomic<int> inside{0};
  std::atomic<bool> empty{false};
  std::atomic<bool> broken{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (gate.Enter().ok()) {
        ++inside;
        if (empty.load()) broken = true;
        --inside;
        gate.Leave();
      }
    });
  }
  EXPECT_EQ(gate.CloseAndWait(absl::Hours(1)), 0);
  empty = true;
  EXPECT_EQ(inside.load(), 0);
  for (std::thread& caller : callers) caller.join();
  EXPECT_FALSE(broken.load());
}

}  // namespace
}  // namespace engram
