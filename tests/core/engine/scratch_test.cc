// Queries whose rows mostly survive need room for them; those of which few do share the sweeps of large
// banks.

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/forwarding_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/answer.h"
#include "tests/core/engine/fake_clock.h"

namespace engram {
namespace {

constexpr int64_t kDim = 8;
constexpr int64_t kCount = 50'000;
constexpr int64_t kScratch = 2 * kCount * 48 + 100'000;  // Two queries that keep every row.

// Remembers how many states each sweep had, and how many of them it left.
class RecordingSweeper : public ForwardingSweeper {
 public:
  using ForwardingSweeper::ForwardingSweeper;
  struct Record {
    size_t states;
    size_t left;
  };
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override {
    const absl::Status status = ForwardingSweeper::Sweep(bank, states, results);
    Record record{states.size(), 0};
    for (const SweepResult& result : results) record.left += result.is_left ? 1 : 0;
    MutexLock lock(&mutex_);
    records_.push_back(record);
    return status;
  }
  std::vector<Record> TakeRecords() {
    MutexLock lock(&mutex_);
    return std::exchange(records_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Record> records_ ABSL_GUARDED_BY(mutex_);
};

class ScratchFixture : public testing::Test {
 protected:
  explicit ScratchFixture(bool screens) : bank_(kDim) {
    std::mt19937_64 random(5);
    std::normal_distribution<float> normal;
    rows_.resize(kCount * kDim);
    for (float& x : rows_) x = normal(random);
    EXPECT_TRUE(bank_.Store(rows_).ok());
    if (screens) {
      backend_ = std::make_unique<CpuSweeper>(&pool_, BestScreenKernels(), BestCanonicalArithmetic());
    } else {
      backend_ = std::make_unique<ReferenceSweeper>();
    }
    sweeper_ = std::make_unique<RecordingSweeper>(backend_.get());
  }

  // Of the first patterns.
  RetrieveCall Queries(int64_t count, const Transform& transform, double beta) const {
    RetrieveCall call;
    call.dynamics.transform = transform;
    call.dynamics.beta = beta;
    call.dynamics.max_iterations = 1;
    call.with_energy = false;
    call.states.assign(rows_.begin(), rows_.begin() + count * kDim);
    return call;
  }
  std::vector<std::vector<double>> StatesOf(int64_t scratch_bytes, const RetrieveCall& call) {
    EngineOptions options;
    options.scratch_bytes = scratch_bytes;
    options.small_bank_work = 0;
    Engine engine(options, sweeper_.get(), &pool_, &clock_);
    const auto result = RetrieveAndWait(&engine, bank_->Pin(), call);
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<std::vector<double>> states;
    if (!result.ok()) return states;
    for (const Retrieval& retrieval : result->retrievals) states.push_back(retrieval.state);
    return states;
  }

  TestBank bank_;
  std::vector<float> rows_;
  ThreadPool pool_{2};
  FakeClock clock_;
  std::unique_ptr<Sweeper> backend_;
  std::unique_ptr<RecordingSweeper> sweeper_;
};

// Parameter: whether the backend screens.
class ScratchTest : public ScratchFixture, public testing::WithParamInterface<bool> {
 protected:
  ScratchTest() : ScratchFixture(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(, ScratchTest, testing::Bool());

class ScreeningScratchTest : public ScratchFixture {
 protected:
  ScreeningScratchTest() : ScratchFixture(/*screens=*/true) {}
};

TEST_P(ScratchTest, QueriesThatKeepEveryRowAreLeftUntilThereIsRoom) {
  const RetrieveCall call = Queries(7, Softmax(), 0.01);
  const auto states = StatesOf(kScratch, call);
  const std::vector<RecordingSweeper::Record> records = sweeper_->TakeRecords();
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(records[0].states, 7U);
  EXPECT_EQ(records[0].left, 7U);
  for (size_t i = 1; i < records.size(); ++i) {
    EXPECT_EQ(records[i].states, i < 4 ? 2U : 1U);
    EXPECT_EQ(records[i].left, 0U);
  }
  EXPECT_EQ(states, StatesOf(int64_t{1} << 40, call));
  ASSERT_EQ(sweeper_->TakeRecords().size(), 1U);
}

TEST_P(ScratchTest, OneQueryIsAnsweredHoweverLittleRoomThereIs) {
  const RetrieveCall call = Queries(3, Softmax(), 0.01);
  const auto states = StatesOf(1, call);
  EXPECT_EQ(states, StatesOf(int64_t{1} << 40, call));
}

TEST_F(ScreeningScratchTest, QueriesWithFewSurvivorsShareASweep) {
  const RetrieveCall call = Queries(16, *Entmax::Make(2), 4);
  const auto states = StatesOf(kScratch, call);
  const std::vector<RecordingSweeper::Record> records = sweeper_->TakeRecords();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].states, 16U);
  EXPECT_EQ(records[0].left, 0U);
  EXPECT_EQ(states, StatesOf(int64_t{1} << 40, call));
}

}  // namespace
}  // namespace engram
