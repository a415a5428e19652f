// What a device may do to the backend, and the backend must not do to anybody.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/sweep/cuda/device_segment.h"
#include "tests/core/sweep/cuda/cuda_fixture.h"
#include "tests/cuda_on_host/cuda_on_host.h"

namespace engram {
namespace {

constexpr int64_t kDim = 24;

class CudaFaultsTest : public CudaFixture {
 protected:
  CudaFaultsTest() : CudaFixture(/*seed=*/3) {
    options_.list_capacity = 4096;
    options_.scratch_bytes = 1 << 20;
  }
  ~CudaFaultsTest() override {
    cuda_.reset();
    cuda_on_host::FreeAll();
    cuda_on_host::Reset();
  }

  // As a new process does: what was on a lost device is left there before.
  void Open(const std::vector<int>& devices = {0}) {
    cuda_.reset();
    cuda_on_host::FreeAll();
    options_.devices = devices;
    CudaFixture::Open();
  }
  DeviceStatus Status() const { return cuda_->devices()[0]; }
  TestBank MakeBank() { return CudaFixture::MakeBank(kDim); }
  // Always the same.
  std::vector<float> Rows(int64_t count) {
    random_.seed(3);
    normal_.reset();
    return Random(count * kDim);
  }
  // Sweeps for a screened and a dense state, then for a later one of the first, and expects what is right.
  void ExpectRightAnswers(const BankSnapshot& bank) {
    const std::vector<float> rows = Rows(2);
    const std::vector<std::vector<double>> states = {{rows.begin(), rows.begin() + kDim},
                                                     {rows.begin() + kDim, rows.end()}};
    const int64_t n = bank.pattern_count();
    std::vector<SweepResult> results =
        Sweep(bank, {{states[0], Cut(*Entmax::Make(1.5), 3, n), bank.version()},
                     {states[1], Cut(Softmax(), 0.01, n), bank.version()}});
    std::vector<double> moved = states[0];
    moved[0] += 0.01;
    const SweepState next{moved, Cut(*Entmax::Make(1.5), 3, n), bank.version()};
    const auto& near_misses = results[0].near_misses;
    if (near_misses == nullptr || !near_misses->Serve(next, &results[0].survivors)) return;
    ExpectRight(bank, {next}, results);
  }
};

TEST_F(CudaFaultsTest, WithoutADeviceItSaysSo) {
  cuda_on_host::SetDeviceCount(0);
  const auto made = CudaSweeper::Make(options_, &pool_, BestScreenKernels());
  EXPECT_TRUE(absl::IsNotFound(made.status())) << made.status();
}

TEST_F(CudaFaultsTest, AnswersStayRightWheneverTheDeviceIsLost) {
  bool was_lost = true;
  int64_t calls = 0;
  for (; was_lost; ++calls) {
    SCOPED_TRACE(testing::Message() << "lost after " << calls << " calls");
    ASSERT_LT(calls, 1000);
    cuda_on_host::Reset();
    Open();
    ASSERT_NE(cuda_, nullptr);
    TestBank bank = MakeBank();
    ASSERT_TRUE(bank.Store(Rows(500)).ok());
    cuda_on_host::FailFrom(cudaErrorLaunchFailure, calls);
    ExpectRightAnswers(bank->Pin());
    was_lost = !Status().fault.empty();
    if (!was_lost) break;
    // For good; and what is stored goes on.
    cuda_on_host::Reset();
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    const int64_t sweeps = Status().sweeps;
    ExpectRightAnswers(bank->Pin());
    EXPECT_EQ(Status().sweeps, sweeps);
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
    Open({0, 1, 1});
    ASSERT_NE(cuda_, nullptr);
    TestBank bank = MakeBank();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
    cuda_on_host::FailFrom(cudaErrorLaunchFailure, calls);
    ExpectRightAnswers(bank->Pin());
    const std::vector<DeviceStatus> before = cuda_->devices();
    was_lost =
        std::any_of(before.begin(), before.end(), [](const auto& device) { return !device.fault.empty(); });
    if (!was_lost) break;
    // None of them sweeps any more, those included that are there; and what is stored goes on.
    cuda_on_host::Reset();
    cuda_on_host::SetDeviceCount(2);
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    ExpectRightAnswers(bank->Pin());
    for (size_t d = 0; d < before.size(); ++d) {
      EXPECT_EQ(cuda_->devices()[d].sweeps, before[d].sweeps);
      EXPECT_EQ(cuda_->devices()[d].fault, before[d].fault);
    }
  }
  EXPECT_GT(calls, 50);
}

TEST_F(CudaFaultsTest, ADeviceThatIsLostWhileStoringLosesNoPattern) {
  for (const int64_t calls : {0, 1, 2, 5, 9}) {
    cuda_on_host::Reset();
    Open();
    ASSERT_NE(cuda_, nullptr);
    TestBank bank = MakeBank();
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    cuda_on_host::FailFrom(cudaErrorIllegalAddress, calls);
    ASSERT_TRUE(bank.Store(Rows(100)).ok());
    EXPECT_NE(Status().fault, "");
    ExpectRightAnswers(bank->Pin());
  }
}

TEST_F(CudaFaultsTest, ABankThatDoesNotFitIsRefusedAndTheOthersGoOn) {
  cuda_on_host::SetDeviceMemory(4 << 20);
  Open();
  ASSERT_NE(cuda_, nullptr);
  TestBank bank = MakeBank();
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  const int64_t used = Status().used_bytes;
  TestBank large = MakeBank();
  const absl::Status refused = large.Store(Rows(200'000)).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(Status().used_bytes, used);
  EXPECT_EQ(large->device_bytes(), 0);
  ExpectRightAnswers(bank->Pin());
  EXPECT_EQ(Status().fault, "");
  EXPECT_GT(Status().sweeps, 0);
}

TEST_F(CudaFaultsTest, TellsForHowManyRowsThereIsRoom) {
  cuda_on_host::SetDeviceCount(2);
  options_.budget_bytes = DeviceSegment::BytesFor(1000, kDim, /*with_patterns=*/false);
  Open({0, 1});
  ASSERT_NE(cuda_, nullptr);
  BankSettings settings;
  settings.dim = kDim;
  const int64_t rows = cuda_->residency()->FreeRows(settings);
  EXPECT_GE(rows, 2 * 1000);
  EXPECT_LE(rows, 2 * 1100);  // A segment costs a little beside its rows.
  TestBank bank = MakeBank();
  ASSERT_TRUE(bank.Store(Rows(600)).ok());
  EXPECT_LE(cuda_->residency()->FreeRows(settings), rows - 600);
  cuda_on_host::FailFrom(cudaErrorLaunchFailure);
  cuda_->ProbeDevices();
  EXPECT_EQ(cuda_->residency()->FreeRows(settings), Residency::kUnlimitedRows) << "lost";
  settings.screening = Screening::kNone;
  EXPECT_EQ(cuda_->residency()->FreeRows(settings), Residency::kUnlimitedRows) << "not for devices";
}

TEST_F(CudaFaultsTest, WithoutMemoryForASweepTheHostSweeps) {
  cuda_on_host::LetPoolsKeep(false);
  Open();
  ASSERT_NE(cuda_, nullptr);
  TestBank bank = MakeBank();
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  cuda_on_host::SetDeviceMemory(cuda_on_host::AllocatedBytes());
  ExpectRightAnswers(bank->Pin());
  EXPECT_EQ(Status().fault, "");
  EXPECT_EQ(Status().sweeps, 0);
  cuda_on_host::SetDeviceMemory(int64_t{1} << 30);
  ExpectRightAnswers(bank->Pin());
  EXPECT_GT(Status().sweeps, 0);
}

TEST_F(CudaFaultsTest, SweepsTakeNoMemoryBeyondWhatWasTakenBefore) {
  Open();
  ASSERT_NE(cuda_, nullptr);
  TestBank bank = MakeBank();
  ASSERT_TRUE(bank.Store(Rows(500)).ok());
  const int64_t before = cuda_on_host::AllocatedBytes();
  cuda_on_host::SetDeviceMemory(before);
  ExpectRightAnswers(bank->Pin());
  EXPECT_GT(Status().sweeps, 0);
  EXPECT_EQ(cuda_on_host::AllocatedBytes(), before);
}

TEST_F(CudaFaultsTest, AnswersStayRightHoweverManyOfTheDevicesHaveMemoryForASweep) {
  bool all_swept = false;
  int steps = 0;
  for (; !all_swept; ++steps) {
    ASSERT_LT(steps, 100);
    cuda_on_host::Reset();
    cuda_on_host::LetPoolsKeep(false);
    Open({0, 0, 0});
    ASSERT_NE(cuda_, nullptr);
    TestBank bank = MakeBank();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
    constexpr int64_t kStepBytes = 300;  // A part of what a sweep takes.
    cuda_on_host::SetDeviceMemory(cuda_on_host::AllocatedBytes() + steps * kStepBytes);
    ExpectRightAnswers(bank->Pin());
    all_swept = true;
    for (const DeviceStatus& device : cuda_->devices()) {
      EXPECT_EQ(device.fault, "");
      all_swept &= device.sweeps > 0;
    }
  }
  EXPECT_GT(steps, 6);
}

TEST_F(CudaFaultsTest, MemoryOfADroppedBankIsFreeOnceDevicesAreProbed) {
  Open();
  ASSERT_NE(cuda_, nullptr);
  const int64_t before = cuda_on_host::AllocatedBytes();
  {
    TestBank bank = MakeBank();
    ASSERT_TRUE(bank.Store(Rows(500)).ok());
    EXPECT_GT(cuda_on_host::AllocatedBytes(), before);
  }
  EXPECT_GT(cuda_on_host::AllocatedBytes(), before);
  cuda_->ProbeDevices();
  EXPECT_EQ(cuda_on_host::AllocatedBytes(), before);
  EXPECT_EQ(Status().fault, "");
}

TEST_F(CudaFaultsTest, AllOfTheirMemoryIsGivenBack) {
  cuda_on_host::SetDeviceCount(2);
  for (const std::vector<int>& devices : {std::vector<int>{0}, {0, 1}, {1, 1}}) {
    Open(devices);
    ASSERT_NE(cuda_, nullptr);
    {
      TestBank bank = MakeBank();
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(bank.Store(Rows(100)).ok());
      ExpectRightAnswers(bank->Pin());
      EXPECT_GT(cuda_on_host::AllocatedBytes(), 0);
    }
    cuda_.reset();
    EXPECT_EQ(cuda_on_host::AllocatedBytes(), 0);
  }
}

}  // namespace
}  // namespace engram
