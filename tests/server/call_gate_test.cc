#include "server/call_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace engram {
namespace {

TEST(CallGateTest, AnOpenGateLetsCallsIn) {
  CallGate gate;
  EXPECT_TRUE(gate.Enter());
  EXPECT_TRUE(gate.Enter());
}

TEST(CallGateTest, AClosedGateLetsNobodyIn) {
  CallGate gate;
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 0);
  EXPECT_FALSE(gate.Enter());
}

TEST(CallGateTest, ClosingCountsThoseInsideWhenGraceIsOver) {
  CallGate gate;
  gate.Enter();
  gate.Enter();
  gate.Enter();
  gate.Leave();
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 2);
  gate.Leave();
  EXPECT_EQ(gate.CloseAndWait(absl::ZeroDuration()), 1);
}

TEST(CallGateTest, ClosingEndsWhenTheLastCallLeaves) {
  CallGate gate;
  ASSERT_TRUE(gate.Enter());
  ASSERT_TRUE(gate.Enter());
  std::thread calls([&] {
    // Once the gate is seen closed, somebody waits or is about to.
    while (gate.Enter()) gate.Leave();
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
      while (gate.Enter()) {
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
