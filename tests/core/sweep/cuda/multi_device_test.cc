// Banks that are spread over several devices: different ones, and one given several times.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/sweep/cuda/device_segment.h"
#include "tests/core/sweep/cuda/cuda_fixture.h"
#include "tests/core/sweep/cuda/device_under_test.h"

namespace engram {
namespace {

constexpr int64_t kDim = 12;

class MultiDeviceTest : public DevicesFixture {
 protected:
  MultiDeviceTest() : DevicesFixture(/*seed=*/11) {}

  // Stores so many rows in batches, for which an empty bank takes segments of 64 rows, 64, 128, 256 and so
  // on.
  void Fill(TestBank* bank, int64_t count) {
    for (int64_t stored = 0; stored < count; stored += 64) {
      ASSERT_TRUE(bank->Store(Random(kDim * std::min<int64_t>(64, count - stored))).ok());
    }
  }
  void ExpectThatAllTookPart() {
    ASSERT_EQ(cuda_->devices().size(), GetParam().size());
    for (const DeviceStatus& device : cuda_->devices()) {
      EXPECT_EQ(device.fault, "");
      EXPECT_GT(device.used_bytes, 0);
      EXPECT_LE(device.used_bytes, device.budget_bytes);
      EXPECT_GT(device.sweeps, 0);
      EXPECT_GT(device.states, 0);
      EXPECT_GT(device.scanned_bytes, 0);
      EXPECT_GT(device.survivors, 0);
    }
  }
  int64_t Sweeps() const {
    int64_t sweeps = 0;
    for (const DeviceStatus& device : cuda_->devices()) sweeps += device.sweeps;
    return sweeps;
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, MultiDeviceTest,
                         testing::Values(std::vector<int>{0, 1}, std::vector<int>{2, 0, 1},
                                         std::vector<int>{0, 0}));

TEST_P(MultiDeviceTest, EveryRowThatTheCutKeepsIsFoundWhereverItLies) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 1500);
  std::vector<uint64_t> ids;
  for (uint64_t id = 5; id < 1500; id += 37) ids.push_back(id);
  ASSERT_TRUE(bank->Delete(ids, false).ok());
  const BankSnapshot snapshot = bank->Pin();
  ASSERT_GE(snapshot.segment_count(), 2 * static_cast<int64_t>(GetParam().size()));
  const int64_t n = snapshot.pattern_count();
  const std::vector<Cut> cuts = {Cut(*Entmax::Make(2), 20, n), Cut(*Entmax::Make(1.5), 3, n),
                                 Cut(Softmax(), 100, n),       Cut(*KSubsets::Make(5), 10, n),
                                 Cut(Softmax(), 0.01, n),      Cut(*Entmax::Make(1.5), 0.01, n)};
  for (const int64_t batch : {1, 9}) {
    SCOPED_TRACE(testing::Message() << "B " << batch);
    const std::vector<std::vector<double>> states = RandomStates(batch, kDim);
    std::vector<SweepState> sweep;
    for (int64_t b = 0; b < batch; ++b) {
      sweep.push_back({states[b], cuts[b % cuts.size()], snapshot.version()});
    }
    Sweep(snapshot, sweep);
  }
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, SegmentsGoWhereMostIsLeftEachWhole) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 2000);
  const BankSnapshot snapshot = bank->Pin();
  const auto device_count = static_cast<int64_t>(GetParam().size());
  std::vector<int64_t> used(device_count);
  std::vector<const Gpu*> gpus;
  for (int64_t s = 0; s < snapshot.segment_count(); ++s) {
    const DeviceSegment* const segment = DeviceSegment::Of(snapshot.segment(s));
    ASSERT_NE(segment, nullptr);
    // The first segments name the devices, in their order.
    if (s < device_count) gpus.push_back(segment->gpu());
    const auto least = std::min_element(used.begin(), used.end()) - used.begin();
    EXPECT_EQ(segment->gpu(), gpus[least]) << "segment " << s;
    used[least] += segment->bytes();
  }
  for (int64_t d = 0; d < device_count; ++d) EXPECT_EQ(cuda_->devices()[d].used_bytes, used[d]);
}

TEST_P(MultiDeviceTest, NearMissesServeLaterStatesFromAllDevices) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 1500);
  const BankSnapshot snapshot = bank->Pin();
  int served = 0;
  for (int64_t i = 0; i < 6; ++i) {
    const absl::Span<const float> pattern = snapshot.pattern(snapshot.by_id().rows()[i * 240]);
    const std::vector<double> next(pattern.begin(), pattern.end());
    std::vector<double> state = next;
    for (double& x : state) x += 0.05 * static_cast<double>(normal_(random_));
    std::vector<SweepResult> results = Sweep(snapshot, StatesOf(snapshot, {state}, 4));
    ASSERT_NE(results[0].near_misses, nullptr);
    const int64_t sweeps = Sweeps();
    const std::vector<std::vector<double>> moved = {next};
    const std::vector<SweepState> later = StatesOf(snapshot, moved, 4);
    if (!results[0].near_misses->Serve(later[0], &results[0].survivors)) continue;
    ++served;
    EXPECT_EQ(Sweeps(), sweeps);
    ExpectRight(snapshot, later, results);
  }
  EXPECT_EQ(served, 6);
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, TheDensePathGivesEveryVisibleRowOnce) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 1500);
  ASSERT_TRUE(bank->Delete({0, 63, 64, 700, 1499}, false).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(11, kDim);
  std::vector<SweepState> sweep;
  for (const auto& state : states) {
    sweep.push_back({state, Cut(Softmax(), 0.01, snapshot.pattern_count()), snapshot.version()});
  }
  for (const SweepResult& result : Sweep(snapshot, sweep)) EXPECT_EQ(result.survivors.size(), 1495u);
  EXPECT_EQ(cuda_->counts().dense_states, 11);
}

TEST_P(MultiDeviceTest, ServesStatesPinnedToDifferentVersions) {
  TestBank bank = MakeBank(kDim);
  for (uint64_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(bank.Store(Random(kDim * 100)).ok());
    ASSERT_TRUE(bank->Delete({100 * i + 2, 100 * i + 40}, false).ok());
  }
  const BankSnapshot newest = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(newest.version(), kDim);
  std::vector<SweepState> sweep = StatesOf(newest, states, 3);
  for (int64_t version = 1; version <= newest.version(); ++version) sweep[version - 1].version = version;
  Sweep(newest, sweep);
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, WhatADeviceHasNoRoomForIsDoneInParts) {
  options_.list_capacity = 40;
  options_.scratch_bytes = 400;
  Open();
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 1000);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(5, kDim);
  for (const double beta : {0.3, 3.0, 10.0}) Sweep(snapshot, StatesOf(snapshot, states, beta));
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, ADeviceCombinesItsOwnRowsAlone) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 500);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(1, kDim);
  const SurvivorList all =
      Sweep(snapshot, {{states[0], Cut(Softmax(), 0.01, snapshot.pattern_count()), snapshot.version()}})[0]
          .survivors;
  SurvivorList of_one;
  for (const Survivor& row : all) {
    if (row.row.segment == 0) of_one.push_back(row);
  }
  std::vector<double> sum(kDim);
  EXPECT_FALSE(cuda_->Combine(snapshot, all, std::vector<double>(all.size(), 1), absl::MakeSpan(sum)));
  EXPECT_TRUE(cuda_->Combine(snapshot, of_one, std::vector<double>(of_one.size(), 1), absl::MakeSpan(sum)));
}

TEST_P(MultiDeviceTest, CompactionSpreadsTheLivingAgain) {
  TestBank bank = MakeBank(kDim);
  Fill(&bank, 3000);
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < 3000; ++id) {
    if (id % 4 != 1) ids.push_back(id);
  }
  ASSERT_TRUE(bank->Delete(ids, false).ok());
  bank.compactor().RunPending();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(bank.Store(Random(kDim * 200)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(3, kDim);
  Sweep(snapshot, StatesOf(snapshot, states, 3));
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, AFullDeviceLeavesSegmentsToTheOthers) {
  // The first device is full with the codes of one large segment.
  constexpr int64_t kFilling = 2048;
  options_.budget_bytes = DeviceSegment::BytesFor(kFilling, kDim, /*with_patterns=*/false) + 1000;
  Open();
  TestBank filling = MakeBank(kDim);
  ASSERT_TRUE(filling.Store(Random(kDim * kFilling)).ok());
  const int64_t filled = cuda_->devices()[0].used_bytes;
  EXPECT_GT(filled, options_.budget_bytes - 2000);
  EXPECT_EQ(cuda_->devices()[1].used_bytes, 0);

  TestBank bank = MakeBank(kDim);
  Fill(&bank, 500);
  const std::vector<std::vector<double>> states = RandomStates(5, kDim);
  Sweep(bank->Pin(), StatesOf(bank->Pin(), states, 3));
  EXPECT_EQ(cuda_->devices()[0].sweeps, 0);
  EXPECT_EQ(cuda_->devices()[0].used_bytes, filled);
  EXPECT_GT(cuda_->devices()[1].sweeps, 0);

  // Until none has room: what is there goes on.
  absl::Status stored;
  for (int i = 0; i < 1000 && stored.ok(); ++i) stored = bank.Store(Random(kDim * 100)).status();
  EXPECT_TRUE(absl::IsResourceExhausted(stored)) << stored;
  for (const DeviceStatus& device : cuda_->devices()) EXPECT_LE(device.used_bytes, device.budget_bytes);
  Sweep(bank->Pin(), StatesOf(bank->Pin(), states, 3));
  Sweep(filling->Pin(), StatesOf(filling->Pin(), states, 3));
  ExpectThatAllTookPart();
}

TEST_P(MultiDeviceTest, ADeviceThatIsGivenTwiceIsSharedOut) {
  for (size_t d = 0; d < GetParam().size(); ++d) {
    const auto times = std::count(GetParam().begin(), GetParam().end(), GetParam()[d]);
    const DeviceStatus status = cuda_->devices()[d];
    EXPECT_GT(status.budget_bytes, 0);
    EXPECT_LT(status.budget_bytes * times, status.memory_bytes);
  }
}

TEST(MultiDeviceOptionsTest, ThereMustBeADevice) {
  ThreadPool pool(1);
  CudaOptions options;
  options.devices = {};
  const auto none = CudaSweeper::Make(options, &pool, BestScreenKernels());
  EXPECT_TRUE(absl::IsInvalidArgument(none.status())) << none.status();
  options.devices = {0, 1000};
  const auto missing = CudaSweeper::Make(options, &pool, BestScreenKernels());
  EXPECT_TRUE(absl::IsNotFound(missing.status())) << missing.status();
}

}  // namespace
}  // namespace engram
