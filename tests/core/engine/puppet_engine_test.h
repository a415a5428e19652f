#ifndef ENGRAM_TESTS_CORE_ENGINE_PUPPET_ENGINE_TEST_H_
#define ENGRAM_TESTS_CORE_ENGINE_PUPPET_ENGINE_TEST_H_

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/engine/engine.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/fake_clock.h"
#include "tests/core/engine/puppet_sweeper.h"

namespace engram {

// An engine whose sweeps wait until a test allows them, over a bank of three unit patterns.
class PuppetEngineTest : public ::testing::Test {
 protected:
  PuppetEngineTest() : bank_(2) { EXPECT_TRUE(bank_.Store({1, 0, 0, 1, -1, 0}).ok()); }
  // A test that fails must not leave the engine waiting.
  ~PuppetEngineTest() override { sweeper_.Allow(PuppetSweeper::kAll); }

  // Sparsemax at a beta where the unit patterns are fixed points.
  static RetrieveCall Query(std::vector<double> states = {0.9, 0.1}) {
    RetrieveCall call;
    call.dynamics.transform = *Entmax::Make(2);
    call.dynamics.beta = 10;
    call.states = std::move(states);
    return call;
  }

  TestBank bank_;
  PuppetSweeper sweeper_;
  ThreadPool pool_{2};
  FakeClock clock_;
  Engine engine_{EngineOptions{/*queue_capacity=*/8, /*max_batch=*/4}, &sweeper_, &pool_, &clock_};
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_PUPPET_ENGINE_TEST_H_
