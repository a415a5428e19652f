#ifndef ENGRAM_TESTS_CORE_ENGINE_TEST_ENGINE_H_
#define ENGRAM_TESTS_CORE_ENGINE_TEST_ENGINE_H_

#include <memory>
#include <utility>

#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/forwarding_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "core/transform/dynamics.h"
#include "tests/core/engine/answer.h"

namespace engram {

// An engine with all that it needs. Lets go of the banks of its calls when it ends at the latest: make it
// after them.
class TestEngine {
 public:
  // On the reference backend, which leaves nothing out.
  explicit TestEngine(const EngineOptions& options = EngineOptions())
      : TestEngine(std::make_unique<ReferenceSweeper>(), std::make_unique<ThreadPool>(0), options) {}
  TestEngine(std::unique_ptr<Sweeper> sweeper, std::unique_ptr<ThreadPool> pool,
             const EngineOptions& options = EngineOptions())
      : pool_(std::move(pool)),
        sweeper_(std::move(sweeper)),
        engine_(options, sweeper_.get(), pool_.get(), &clock_) {}

  // On the backend that screens.
  static std::unique_ptr<TestEngine> Cpu(int threads = 0, const ScreenKernels& kernels = BestScreenKernels(),
                                         const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic()) {
    auto pool = std::make_unique<ThreadPool>(threads);
    auto sweeper = std::make_unique<CpuSweeper>(pool.get(), kernels, arithmetic);
    return std::make_unique<TestEngine>(std::move(sweeper), std::move(pool));
  }

  // On a backend that others use too and that outlives this; null: null.
  static std::unique_ptr<TestEngine> On(Sweeper* sweeper) {
    if (sweeper == nullptr) return nullptr;
    return std::make_unique<TestEngine>(std::make_unique<ForwardingSweeper>(sweeper),
                                        std::make_unique<ThreadPool>(1));
  }

  Engine* get() { return &engine_; }

 private:
  SystemClock clock_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<Sweeper> sweeper_;
  Engine engine_;
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_TEST_ENGINE_H_
