// What an update that leaves no row out takes up, for each row and state. The allocations of this program are
// counted.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine/sweep_plan.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/dynamics_cases.h"
#include "tests/core/engine/test_engine.h"

namespace {

std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

// Before each allocation, and as far from it as alignment asks.
constexpr size_t kHeader = alignof(std::max_align_t);

void* Allocate(size_t size) {
  auto* const start = static_cast<char*>(std::malloc(kHeader + size));
  if (start == nullptr) std::abort();
  *reinterpret_cast<size_t*>(start) = size;
  const int64_t live = live_bytes.fetch_add(static_cast<int64_t>(size)) + static_cast<int64_t>(size);
  int64_t peak = peak_bytes.load();
  while (peak < live && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return start + kHeader;
}

void Free(void* memory) {
  if (memory == nullptr) return;
  char* const start = static_cast<char*>(memory) - kHeader;
  live_bytes.fetch_sub(static_cast<int64_t>(*reinterpret_cast<size_t*>(start)));
  std::free(start);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }

namespace engram {
namespace {

constexpr int64_t kRows = 100'000;
constexpr int64_t kDim = 4;
constexpr uint64_t kSeed = 7;

std::vector<float> Gaussian(int64_t count) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<float> gaussian;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = gaussian(random);
  return numbers;
}

// What does not grow with the rows, in bytes for each of them.
constexpr double kSlack = 0.5;

// Their solvers need more; see kDenseBytesPerRow. Subsets of all patterns leave nothing to solve and take
// long to be shown that.
bool TakesMore(const Transform& transform) {
  if (const auto* subsets = std::get_if<KSubsets>(&transform)) return subsets->k() == kRows;
  return std::holds_alternative<ConstrainedSparsemax>(transform) ||
         std::holds_alternative<SequentialKSubsets>(transform);
}

class DenseMemoryTest : public ::testing::Test {
 protected:
  // Ids in an order that is not that of the rows.
  DenseMemoryTest() : bank_(kDim) {
    std::vector<uint64_t> ids(kRows);
    for (int64_t i = 0; i < kRows; ++i) ids[i] = static_cast<uint64_t>(i * 7919 % kRows + 1);
    EXPECT_TRUE(bank_.Store(Gaussian(kRows * kDim), ids).ok());
  }

  // The most that one update of `batch` states had at a time, in bytes for each row and state.
  double BytesPerRow(const Transform& transform, int64_t batch, TestEngine* engine) {
    const BankSnapshot bank = bank_->Pin();
    bank.by_id();  // Belongs to the bank.
    RetrieveCall call;
    call.dynamics = {1e-9, transform, IdentityPost(), 1, 0};
    call.with_energy = false;
    const std::vector<float> states = Gaussian(batch * kDim);
    call.states.assign(states.begin(), states.end());
    const int64_t before = live_bytes;
    peak_bytes = before;
    const absl::StatusOr<RetrieveResult> result = RetrieveAndWait(engine->get(), bank, std::move(call));
    const int64_t peak = peak_bytes;
    EXPECT_TRUE(result.ok()) << result.status();
    if (result.ok()) support_size_ = result->retrievals.front().support_size;
    return static_cast<double>(peak - before) / static_cast<double>(kRows * batch);
  }

  TestBank bank_;
  int64_t support_size_ = 0;
};

TEST_F(DenseMemoryTest, SoftmaxTakesFiveNumbersARow) {
  const auto engine = TestEngine::Cpu();
  EXPECT_NEAR(BytesPerRow(Softmax(), 1, engine.get()), 5 * 8, kSlack);
  EXPECT_EQ(support_size_, kRows);
}

TEST_F(DenseMemoryTest, TheConstantIsTheMostThatAnUpdateTakes) {
  double most = 0;
  for (const TransformCase& one : AllCases(kRows)) {
    if (TakesMore(one.transform)) continue;
    SCOPED_TRACE(one.name);
    for (const int threads : {0, 1}) {
      const auto engine = TestEngine::Cpu(threads);
      for (const int64_t batch : {1, 3}) {
        const double bytes = BytesPerRow(one.transform, batch, engine.get());
        EXPECT_LE(bytes, kDenseBytesPerRow + kSlack) << "threads " << threads << ", batch " << batch;
        most = std::max(most, bytes);
      }
    }
  }
  EXPECT_GE(most, kDenseBytesPerRow);
}

}  // namespace
}  // namespace engram
