// What a device may do to the backend, and the backend must not do to anybody.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/sweep/cuda/cuda_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/sweep/expect_superset.h"
#include "tests/cuda_on_host/cuda_on_host.h"

namespace engram {
namespace {

constexpr int64_t kDim = 24;

class CudaFaultsTest : public testing::Test {
 protected:
  ~CudaFaultsTest() override { cuda_on_host::Reset(); }

  absl::StatusOr<std::unique_ptr<CudaSweeper>> Make(const std::vector<int>& devices = {0}) {
    CudaOptions options;
    options.devices = devices;
    options.least_work = 0;
    options.list_capacity = 4096;
    options.scratch_bytes = 1 << 20;
    return CudaSweeper::Make(options, &pool_, BestScreenKernels());
  }
  std::vector<float> Rows(int64_t count) {
    std::mt19937_64 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> rows(count * kDim);
    for (float& x : rows) x = normal(random);
    return rows;
  }
  // Sweeps for a screened and a dense state, then for a later one of the first, and expects what is right.
  void ExpectRightAnswers(CudaSweeper* cuda, const BankSnapshot& bank) {
    const std::vector<float> rows = Rows(2);
    const std::vector<std::vector<double>> states = {{rows.begin(), rows.begin() + kDim},
                                                     {rows.begin() + kDim, rows.end()}};
    const int64_t n = bank.pattern_count();
    const std::vector<SweepState> sweep = {{states[0], Cut(*Entmax::Make(1.5), 3, n), bank.version()},
                                           {states[1], Cut(Softmax(), 0.01, n), bank.version()}};
    std::vector<SweepResult> got(2);
    std::vector<SweepResult> expected(2);
    ASSERT_TRUE(cuda->Sweep(bank, sweep, absl::MakeSpan(got)).ok());
    ASSERT_TRUE(reference_.Sweep(bank, sweep, absl::MakeSpan(expected)).ok());
    for (int b = 0; b < 2; ++b) ExpectSuperset(got[b].survivors, expected[b].survivors, sweep[b].cut);
    std::vector<double> moved = states[0];
    moved[0] += 0.01;
    const SweepState next{moved, sweep[0].cut, bank.version()};
    if (got[0].near_misses == nullptr || !got[0].near_misses->Serve(next, &got[0].survivors)) return;
    ASSERT_TRUE(reference_.Sweep(bank, {&next, 1}, absl::MakeSpan(expected).first(1)).ok());
    ExpectSuperset(got[0].survivors, expected[0].survivors, next.cut);
  }

  ThreadPool pool_{1};
  ReferenceSweeper reference_;
};

TEST_F(CudaFaultsTest, WithoutADeviceItSaysSo) {
  cuda_on_host::SetDeviceCount(0);
  const auto made = Make();
  EXPECT_TRUE(absl::IsNotFound(made.status())) << made.status();
}

TEST_F(CudaFaultsTest, AnswersStayRightWheneverTheDeviceIsLost) {
  bool was_lost = true;
  int64_t calls = 0;
  for (; was_lost; ++calls) {
    SCOPED_TRACE(testing::Message() << "lost after " << calls << " calls");
    ASSERT_LT(calls, 1000);
    cuda_on_host::Reset();
    auto cuda = Make();
    ASSERT_TRUE(cuda.ok()) << cuda.status();
    TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
    ASSERT_TRUE(bank.Store(Rows(500)).ok());
    cuda_on_host::FailFrom(cudaErrorLaunchFailure, calls);
    ExpectRightAnswers(cuda->get(), bank->Pin());
    was_lost = !(*cuda)->devices()[0].fault.empty();
    if (!was_lost) break;
    // For good; and what is stored goes on.
    cuda_on_host::Reset();
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    const int64_t sweeps = (*cuda)->devices()[0].sweeps;
    ExpectRightAnswers(cuda->get(), bank->Pin());
    EXPECT_EQ((*cuda)->devices()[0].sweeps, sweeps);
  }
  EXPECT_GT(calls, 10);
}

TEST_F(CudaFaultsTest, AnswersStayRightWheneverOneOfSeveralDevicesIsLost) {
  bool was_lost = true;
  int64_t calls = 0;
  // Steps that are no divisor of a device's calls, so that they hit all kinds.
  for (; was_lost; calls += 5) {
    SCOPED_TRACE(testing::Message() << "lost after " << calls << " calls");
    ASSERT_LT(calls, 3000);
    cuda_on_host::Reset();
    cuda_on_host::SetDeviceCount(2);
    auto cuda = Make({0, 1, 1});
    ASSERT_TRUE(cuda.ok()) << cuda.status();
    TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
    cuda_on_host::FailFrom(cudaErrorLaunchFailure, calls);
    ExpectRightAnswers(cuda->get(), bank->Pin());
    const std::vector<DeviceStatus> before = (*cuda)->devices();
    was_lost =
        std::any_of(before.begin(), before.end(), [](const auto& device) { return !device.fault.empty(); });
    if (!was_lost) break;
    // None of them sweeps any more, those included that are there; and what is stored goes on.
    cuda_on_host::Reset();
    cuda_on_host::SetDeviceCount(2);
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    ExpectRightAnswers(cuda->get(), bank->Pin());
    for (size_t d = 0; d < before.size(); ++d) {
      EXPECT_EQ((*cuda)->devices()[d].sweeps, before[d].sweeps);
      EXPECT_EQ((*cuda)->devices()[d].fault, before[d].fault);
    }
  }
  EXPECT_GT(calls, 50);
}

TEST_F(CudaFaultsTest, ADeviceThatIsLostWhileStoringLosesNoPattern) {
  for (const int64_t calls : {0, 1, 2, 5, 9}) {
    cuda_on_host::Reset();
    auto cuda = Make();
    ASSERT_TRUE(cuda.ok()) << cuda.status();
    TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    cuda_on_host::FailFrom(cudaErrorIllegalAddress, calls);
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    EXPECT_NE((*cuda)->devices()[0].fault, "");
    ExpectRightAnswers(cuda->get(), bank->Pin());
  }
}

TEST_F(CudaFaultsTest, ABankThatDoesNotFitIsRefusedAndTheOthersGoOn) {
  cuda_on_host::SetDeviceMemory(4 << 20);
  auto cuda = Make();
  ASSERT_TRUE(cuda.ok()) << cuda.status();
  TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  const int64_t used = (*cuda)->devices()[0].used_bytes;
  TestBank large(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
  const absl::Status refused = large.Store(Rows(200'000)).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ((*cuda)->devices()[0].used_bytes, used);
  EXPECT_EQ(large->device_bytes(), 0);
  ExpectRightAnswers(cuda->get(), bank->Pin());
  EXPECT_EQ((*cuda)->devices()[0].fault, "");
  EXPECT_GT((*cuda)->devices()[0].sweeps, 0);
}

TEST_F(CudaFaultsTest, WithoutMemoryForASweepTheHostSweeps) {
  cuda_on_host::LetPoolsKeep(false);
  auto cuda = Make();
  ASSERT_TRUE(cuda.ok()) << cuda.status();
  TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  cuda_on_host::SetDeviceMemory(cuda_on_host::AllocatedBytes());
  ExpectRightAnswers(cuda->get(), bank->Pin());
  EXPECT_EQ((*cuda)->devices()[0].fault, "");
  EXPECT_EQ((*cuda)->devices()[0].sweeps, 0);
  cuda_on_host::SetDeviceMemory(int64_t{1} << 30);
  ExpectRightAnswers(cuda->get(), bank->Pin());
  EXPECT_GT((*cuda)->devices()[0].sweeps, 0);
}

TEST_F(CudaFaultsTest, SweepsTakeNoMemoryBeyondWhatWasTakenBefore) {
  auto cuda = Make();
  ASSERT_TRUE(cuda.ok()) << cuda.status();
  TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  const int64_t before = cuda_on_host::AllocatedBytes();
  cuda_on_host::SetDeviceMemory(before);
  ExpectRightAnswers(cuda->get(), bank->Pin());
  EXPECT_GT((*cuda)->devices()[0].sweeps, 0);
  EXPECT_EQ(cuda_on_host::AllocatedBytes(), before);
}

TEST_F(CudaFaultsTest, AnswersStayRightHoweverManyOfTheDevicesHaveMemoryForASweep) {
  bool all_swept = false;
  int steps = 0;
  for (; !all_swept; ++steps) {
    ASSERT_LT(steps, 100);
    cuda_on_host::Reset();
    cuda_on_host::LetPoolsKeep(false);
    auto cuda = Make({0, 0, 0});
    ASSERT_TRUE(cuda.ok()) << cuda.status();
    TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
    constexpr int64_t kStepBytes = 300;  // A part of what a sweep takes.
    cuda_on_host::SetDeviceMemory(cuda_on_host::AllocatedBytes() + steps * kStepBytes);
    ExpectRightAnswers(cuda->get(), bank->Pin());
    all_swept = true;
    for (const DeviceStatus& device : (*cuda)->devices()) {
      EXPECT_EQ(device.fault, "");
      all_swept &= device.sweeps > 0;
    }
  }
  EXPECT_GT(steps, 6);
}

TEST_F(CudaFaultsTest, AllOfTheirMemoryIsGivenBack) {
  cuda_on_host::SetDeviceCount(2);
  const int64_t before = cuda_on_host::AllocatedBytes();
  for (const std::vector<int>& devices : {std::vector<int>{0}, {0, 1}, {1, 1}}) {
    auto cuda = Make(devices);
    ASSERT_TRUE(cuda.ok()) << cuda.status();
    TestBank bank(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, (*cuda)->residency());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
    ExpectRightAnswers(cuda->get(), bank->Pin());
    EXPECT_GT(cuda_on_host::AllocatedBytes(), before);
  }
  EXPECT_EQ(cuda_on_host::AllocatedBytes(), before);
}

}  // namespace
}  // namespace engram
