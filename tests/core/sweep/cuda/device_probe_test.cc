// What is noticed of a device that nobody sweeps on, or that does not end a sweep.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/engine/fake_clock.h"
#include "tests/core/sweep/cuda/cuda_fixture.h"
#include "tests/cuda_on_host/cuda_on_host.h"

namespace engram {
namespace {

using cuda_on_host::Hang;

constexpr int64_t kDim = 24;

class DeviceProbeTest : public CudaFixture {
 protected:
  DeviceProbeTest() : CudaFixture(/*seed=*/5) {}
  void SetUp() override {
    options_.clock = &clock_;
    Open();
    ASSERT_NE(cuda_, nullptr);
    bank_ = std::make_unique<TestBank>(kDim, 0, 0, int64_t{1} << 32, Screening::kInt8, cuda_->residency());
    ASSERT_TRUE(bank_->Store(Random(kDim * 500)).ok());
  }
  ~DeviceProbeTest() override {
    bank_.reset();
    cuda_.reset();
    cuda_on_host::FreeAll();
    cuda_on_host::Reset();
  }

  // Asks, as a server does, every second for so long.
  void Watch(int64_t seconds) {
    for (int64_t s = 0; s < seconds; ++s) {
      cuda_->ProbeDevices();
      (void)cuda_->devices();
      clock_.Advance(1);
    }
    cuda_->ProbeDevices();
  }
  std::string Fault() { return cuda_->devices()[0].fault; }
  int64_t Sweeps() { return cuda_->devices()[0].sweeps; }
  void SweepOnce() {
    const BankSnapshot snapshot = (*bank_)->Pin();
    const std::vector<std::vector<double>> states = RandomStates(3, kDim);
    Sweep(snapshot, StatesOf(snapshot, states, 3));
  }
  static void AwaitUnfinishedWork() {
    while (!cuda_on_host::HasUnfinishedWork()) std::this_thread::yield();
  }

  FakeClock clock_;
  std::unique_ptr<TestBank> bank_;
};

TEST_F(DeviceProbeTest, ADeviceThatWorksIsNotLost) {
  Watch(100);
  EXPECT_EQ(Fault(), "");
  SweepOnce();
  EXPECT_EQ(Sweeps(), 1);
}

TEST_F(DeviceProbeTest, AnErrorOfAnIdleDeviceIsNoticed) {
  Watch(3);
  cuda_on_host::FailFrom(cudaErrorECCUncorrectable);
  EXPECT_EQ(Fault(), "");
  Watch(0);
  EXPECT_EQ(Fault(), "probing: uncorrectable ECC error encountered (cudaErrorECCUncorrectable)");
}

TEST_F(DeviceProbeTest, AnIdleDeviceThatHangsIsLostAfterTheLimit) {
  Watch(3);
  cuda_on_host::SetHang(Hang::kEverything);
  Watch(1);  // The answer to the last question came before.
  Watch(8);
  EXPECT_EQ(Fault(), "");
  Watch(1);
  EXPECT_EQ(Fault(), "no answer for 10s");
}

TEST_F(DeviceProbeTest, ADeviceThatNobodyAsksIsNotSilent) {
  Watch(3);
  cuda_on_host::SetHang(Hang::kEverything);
  for (int s = 0; s < 100; ++s) {
    clock_.Advance(1);
    EXPECT_EQ(Fault(), "");
  }
  cuda_on_host::SetHang(Hang::kNothing);
}

TEST_F(DeviceProbeTest, AnswersMayComeLate) {
  for (int i = 0; i < 5; ++i) {
    cuda_on_host::SetHang(Hang::kEverything);
    Watch(9);
    cuda_on_host::SetHang(Hang::kNothing);
    Watch(1);
    EXPECT_EQ(Fault(), "");
  }
}

TEST_F(DeviceProbeTest, AClockThatIsSetIsNoSilence) {
  cuda_on_host::SetHang(Hang::kEverything);
  for (const int64_t seconds : {3600, -7200, 3600}) {
    Watch(1);
    clock_.Advance(seconds);
    EXPECT_EQ(Fault(), "");
  }
  cuda_on_host::SetHang(Hang::kNothing);
}

TEST_F(DeviceProbeTest, TimeThatALateCallerSetsBackIsNotCountedTwice) {
  const std::unique_ptr<Device> device = *Device::Open(0);
  const std::unique_ptr<MemoryPool> pool = *MemoryPool::Make(device.get(), 0);
  const std::unique_ptr<DeviceProbe> probe = *DeviceProbe::Make(device.get(), pool.get());
  cuda_on_host::SetHang(Hang::kEverything);
  probe->Ask([] {});
  probe->Ask([] {});
  absl::Time now = absl::UnixEpoch();
  constexpr absl::Duration kStep = absl::Milliseconds(500);
  const auto judge = [&](int times) {
    for (int i = 0; i < times; ++i) {
      now += kStep;
      probe->Judge(now, absl::Seconds(10));
      probe->Judge(now - kStep, absl::Seconds(10));  // Read before, judged later.
    }
  };
  judge(20);  // The first has no step.
  EXPECT_EQ(device->fault(), "");
  now -= absl::Hours(1);
  judge(1);
  EXPECT_EQ(device->fault(), "");
  judge(1);
  EXPECT_EQ(device->fault(), "no answer for 10s");
  cuda_on_host::SetHang(Hang::kNothing);
}

TEST_F(DeviceProbeTest, ALongSweepIsNoFault) {
  cuda_on_host::SetHang(Hang::kKernels);
  std::thread sweeping([this] { SweepOnce(); });
  AwaitUnfinishedWork();
  Watch(1000);
  EXPECT_EQ(Fault(), "");
  cuda_on_host::SetHang(Hang::kNothing);
  sweeping.join();
  EXPECT_EQ(Fault(), "");
  EXPECT_EQ(Sweeps(), 1);
}

TEST_F(DeviceProbeTest, ASweepOnADeviceThatHangsIsAnsweredByTheHost) {
  cuda_on_host::SetHang(Hang::kEverything);
  std::thread sweeping([this] { SweepOnce(); });
  AwaitUnfinishedWork();
  Watch(12);
  EXPECT_EQ(Fault(), "no answer for 10s");
  sweeping.join();
  SweepOnce();
  EXPECT_EQ(Sweeps(), 0);
}

TEST_F(DeviceProbeTest, AStoreOnADeviceThatHangsLosesNothing) {
  cuda_on_host::SetHang(Hang::kEverything);
  std::thread storing([this] { EXPECT_TRUE(bank_->Store(Random(kDim * 500)).ok()); });
  AwaitUnfinishedWork();
  Watch(12);
  EXPECT_EQ(Fault(), "no answer for 10s");
  storing.join();
  EXPECT_EQ((*bank_)->Pin().pattern_count(), 1000);
  SweepOnce();
}

// Calls that free wait for all that a device does, here until the double ends the process.
TEST_F(DeviceProbeTest, NothingIsFreedOnALostDevice) {
  SweepOnce();
  const int64_t allocated = cuda_on_host::AllocatedBytes();
  cuda_on_host::SetHang(Hang::kEverything);
  std::thread sweeping([this] { SweepOnce(); });
  AwaitUnfinishedWork();
  Watch(12);
  sweeping.join();
  bank_.reset();
  cuda_.reset();
  EXPECT_TRUE(cuda_on_host::HasUnfinishedWork());
  EXPECT_EQ(cuda_on_host::AllocatedBytes(), allocated);
}

}  // namespace
}  // namespace engram
