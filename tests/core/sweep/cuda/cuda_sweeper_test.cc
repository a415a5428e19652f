// The whole backend for GPUs, its kernels included, compared with the reference.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/canonical.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/transform/blocked_sum.h"
#include "tests/core/sweep/cuda/cuda_fixture.h"
#include "tests/core/sweep/cuda/device_under_test.h"
#include "tests/core/sweep/exact_update.h"

namespace engram {
namespace {

class CudaSweeperTest : public CudaFixture {
 protected:
  CudaSweeperTest() : CudaFixture(/*seed=*/7) {}
  void SetUp() override {
    if (!HasDeviceUnderTest()) GTEST_SKIP() << "no CUDA device";
    Open();
  }
  DeviceStatus Status() const { return cuda_->devices()[0]; }
};

TEST_F(CudaSweeperTest, KeepsEveryRowThatTheCutKeepsWithItsCanonicalScore) {
  for (const int64_t dim : {1, 3, 16, 100, 260}) {
    for (const int64_t count : {1, 16, 17, 255, 1000}) {
      TestBank bank = MakeBank(dim);
      ASSERT_TRUE(bank.Store(Random(dim * count)).ok());
      if (count > 10) {
        ASSERT_TRUE(bank->Delete({3, 7, static_cast<uint64_t>(count) - 1}, false).ok());
      }
      const BankSnapshot snapshot = bank->Pin();
      const int64_t n = snapshot.pattern_count();
      const std::vector<Cut> cuts = {
          Cut(*Entmax::Make(2), 20, n), Cut(*Entmax::Make(1.5), 3, n),
          Cut(Softmax(), 100, n),       Cut(*KSubsets::Make(std::min<int64_t>(n, 5)), 10, n),
          Cut(Softmax(), 0.01, n),      Cut(*Entmax::Make(1.5), 0.01, n)};
      for (const int64_t batch : {1, 2, 3, 4, 5, 9, 20}) {
        SCOPED_TRACE(testing::Message() << "D " << dim << " N " << count << " B " << batch);
        const std::vector<std::vector<double>> states = RandomStates(batch, dim);
        std::vector<SweepState> sweep;
        for (int64_t b = 0; b < batch; ++b) {
          sweep.push_back({states[b], cuts[b % cuts.size()], snapshot.version()});
        }
        Sweep(snapshot, sweep);
      }
    }
  }
  EXPECT_EQ(Status().fault, "");
  EXPECT_GT(Status().sweeps, 0);
}

TEST_F(CudaSweeperTest, ManyStatesGoThroughTensorCoresInGroups) {
  constexpr int64_t kDim = 72;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 700)).ok());
  const BankSnapshot snapshot = bank->Pin();
  for (const int64_t batch : {8, 16, 17, 33, 64, 65, 130}) {
    SCOPED_TRACE(testing::Message() << "B " << batch);
    const std::vector<std::vector<double>> states = RandomStates(batch, kDim);
    Sweep(snapshot, StatesOf(snapshot, states, 2));
  }
}

TEST_F(CudaSweeperTest, AnAnswerDoesNotDependOnTheOrderInWhichThreadsRun) {
  constexpr int64_t kDim = 40;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 500)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(9, kDim);
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    ShuffleThreads(seed);
    for (const size_t batch : {1, 9}) {
      std::vector<SweepState> sweep;
      for (size_t b = 0; b < batch; ++b) {
        sweep.push_back({states[b], Cut(*Entmax::Make(1.5), 3, 500), snapshot.version()});
      }
      Sweep(snapshot, sweep);
    }
  }
}

TEST_F(CudaSweeperTest, SharpCutsLeaveFewSurvivors) {
  const std::vector<float> rows = Random(64 * 5000);
  TestBank bank = MakeBank(64);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<double> state(rows.begin() + 64 * 17, rows.begin() + 64 * 18);
  const auto results =
      Sweep(snapshot, {{state, Cut(*Entmax::Make(2), 1, snapshot.pattern_count()), snapshot.version()}});
  // The pattern itself and the one whose distance certifies it.
  EXPECT_EQ(results[0].survivors.size(), 2u);
}

TEST_F(CudaSweeperTest, NearMissesServeLaterStates) {
  constexpr int64_t kDim = 48;
  const std::vector<float> rows = Random(kDim * 4000);
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const Cut cut(*Entmax::Make(1.5), 4, snapshot.pattern_count());
  int served = 0;
  for (int64_t i = 0; i < 20; ++i) {
    std::vector<double> state(rows.begin() + kDim * i, rows.begin() + kDim * (i + 1));
    std::vector<double> next = state;
    for (double& x : state) x += 0.1 * static_cast<double>(normal_(random_));
    std::vector<SweepResult> results = Sweep(snapshot, {{state, cut, snapshot.version()}});
    ASSERT_NE(results[0].near_misses, nullptr);
    const SweepState sweep{next, cut, snapshot.version()};
    if (!results[0].near_misses->Serve(sweep, &results[0].survivors)) continue;
    ++served;
    ExpectRight(snapshot, {sweep}, results);
  }
  EXPECT_EQ(served, 20);
}

TEST_F(CudaSweeperTest, ServesStatesPinnedToDifferentVersions) {
  constexpr int64_t kDim = 5;
  TestBank bank = MakeBank(kDim);
  std::vector<std::vector<double>> states;
  std::vector<SweepState> sweep;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(bank.Store(Random(kDim * 100)).ok());
    ASSERT_TRUE(
        bank->Delete({static_cast<uint64_t>(100 * i + 2), static_cast<uint64_t>(100 * i + 40)}, false).ok());
  }
  const BankSnapshot newest = bank->Pin();
  states = RandomStates(newest.version(), kDim);
  for (int64_t version = 1; version <= newest.version(); ++version) {
    sweep.push_back({states[version - 1], Cut(*Entmax::Make(1.5), 3, 600), version});
  }
  Sweep(newest, sweep);
}

TEST_F(CudaSweeperTest, TiesZerosAndExtremesAreLostByNobody) {
  constexpr int64_t kDim = 20;
  std::vector<float> rows = Random(kDim * 800);
  for (int64_t j = 0; j < kDim; ++j) {
    for (int64_t i = 0; i < 40; ++i) rows[(100 + i) * kDim + j] = rows[j];  // The first, 40 times more.
    rows[300 * kDim + j] = 0;
    rows[301 * kDim + j] *= 1e-30F;
    rows[302 * kDim + j] *= 1e30F;
    rows[303 * kDim + j] = 1e-40F;
    rows[304 * kDim + j] = -rows[302 * kDim + j];
  }
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  std::vector<std::vector<double>> states = RandomStates(4, kDim);
  states.emplace_back(rows.begin(), rows.begin() + kDim);
  states.emplace_back(kDim, 0.0);
  states.emplace_back(kDim, 1e-310);
  states.emplace_back(kDim, 1e200);
  states.emplace_back(kDim, 1e-200);
  for (const double beta : {0.01, 1.0, 1e4}) {
    const std::vector<SweepState> sweep = StatesOf(snapshot, states, beta);
    Sweep(snapshot, sweep);
    for (const SweepState& state : sweep) Sweep(snapshot, {state});
  }
}

TEST_F(CudaSweeperTest, ListsThatOverflowLoseNothing) {
  options_.list_capacity = 40;
  Open();
  constexpr int64_t kDim = 8;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 2000)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(12, kDim);
  for (const double beta : {0.3, 1.0, 3.0, 10.0}) Sweep(snapshot, StatesOf(snapshot, states, beta));
}

TEST_F(CudaSweeperTest, ALookThatFindsMoreThanItHasRoomForGivesUp) {
  constexpr int64_t kDim = 8;
  constexpr int64_t kCopies = 4500;  // More than a look takes, though a scan does.
  std::vector<float> rows(kDim * kCopies, 2);
  for (const float x : Random(kDim * 1000)) rows.push_back(x / 10);
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = {std::vector<double>(kDim, 1)};
  const std::vector<SweepState> sweep = StatesOf(snapshot, states, 30);
  std::vector<SweepResult> results = Sweep(snapshot, sweep);
  ASSERT_GE(results[0].survivors.size(), size_t{kCopies});
  ASSERT_NE(results[0].near_misses, nullptr);
  EXPECT_FALSE(results[0].near_misses->Serve(sweep[0], &results[0].survivors));
  // Not for good: what there are few of is found.
  const std::vector<std::vector<double>> later = {std::vector<double>(kDim, -1)};
  const std::vector<SweepState> next = StatesOf(snapshot, later, 300);
  results = Sweep(snapshot, next);
  ASSERT_NE(results[0].near_misses, nullptr);
  EXPECT_TRUE(results[0].near_misses->Serve(next[0], &results[0].survivors));
  ExpectRight(snapshot, next, results);
}

TEST_F(CudaSweeperTest, BoundsThatDoNotFitAreScannedInParts) {
  options_.scratch_bytes = 700;  // Of a state and a half.
  Open();
  constexpr int64_t kDim = 8;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 2000)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(5, kDim);
  Sweep(snapshot, StatesOf(snapshot, states, 3));
  EXPECT_EQ(Status().sweeps, 5);
}

TEST_F(CudaSweeperTest, PatternsThatAreNotResidentAreReadOnTheHost) {
  constexpr int64_t kDim = 256;
  constexpr int64_t kCount = 4096;
  options_.budget_bytes = kCount * (kDim + 16) * 5 / 4;  // Codes, and a little.
  Open();
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * kCount)).ok());
  EXPECT_GT(bank->device_bytes(), kCount * kDim);
  EXPECT_LT(bank->device_bytes(), 2 * kCount * kDim);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(6, kDim);
  const std::vector<SweepState> sweep = StatesOf(snapshot, states, 1);
  Sweep(snapshot, sweep);
  EXPECT_GT(Status().sweeps, 0);
  // And no more fits: what is there goes on.
  EXPECT_TRUE(absl::IsResourceExhausted(bank.Store(Random(kDim * kCount)).status()));
  Sweep(bank->Pin(), sweep);
}

TEST_F(CudaSweeperTest, SegmentsWithAndWithoutTheirPatternsAreScoredTogether) {
  constexpr int64_t kDim = 16;
  options_.budget_bytes = 60'000;
  Open();
  TestBank bank = MakeBank(kDim);
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(bank.Store(Random(kDim * 64)).ok());
  const BankSnapshot snapshot = bank->Pin();
  const auto has_patterns = [&](int64_t s) {
    return DeviceSegment::Of(snapshot.segment(s))->patterns() != nullptr;
  };
  ASSERT_TRUE(has_patterns(0));
  ASSERT_FALSE(has_patterns(snapshot.segment_count() - 1));
  const std::vector<std::vector<double>> states = RandomStates(3, kDim);
  for (const double beta : {0.5, 1.0, 3.0}) Sweep(snapshot, StatesOf(snapshot, states, beta));
  EXPECT_GT(Status().sweeps, 0);
}

TEST_F(CudaSweeperTest, CompactionMovesRowsOnTheDevice) {
  constexpr int64_t kDim = 12;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 3000)).ok());
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < 3000; ++id) {
    if (id % 4 != 1) ids.push_back(id);
  }
  ASSERT_TRUE(bank->Delete(ids, false).ok());
  bank.compactor().RunPending();
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(3, kDim);
  Sweep(snapshot, StatesOf(snapshot, states, 3));
}

TEST_F(CudaSweeperTest, SmallBanksAndThoseWithoutCodesAreSweptOnTheHost) {
  options_.least_work = 1000;
  Open();
  TestBank small = MakeBank(4);
  ASSERT_TRUE(small.Store(Random(4 * 200)).ok());
  TestBank plain(4, 0, 0, int64_t{1} << 32, Screening::kNone, cuda_->residency());
  ASSERT_TRUE(plain.Store(Random(4 * 2000)).ok());
  EXPECT_EQ(plain->device_bytes(), 0);
  const std::vector<double> state = {1, 2, 3, 4};
  for (TestBank* bank : {&small, &plain}) {
    const BankSnapshot snapshot = (*bank)->Pin();
    Sweep(snapshot, {{state, Cut(*Entmax::Make(1.5), 3, snapshot.pattern_count()), snapshot.version()}});
  }
  EXPECT_EQ(Status().sweeps, 0);
}

TEST_F(CudaSweeperTest, CombinesInCanonicalOrder) {
  constexpr int64_t kDim = 131;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 9000)).ok());
  const BankSnapshot snapshot = bank->Pin();
  for (const int64_t count : {1, 100, 4096, 4097, 8999}) {
    SurvivorList members;
    std::vector<double> weights;
    for (int64_t i = 0; i < count; ++i) {
      members.push_back({0, static_cast<uint64_t>(i), {0, static_cast<int32_t>(i)}});
      weights.push_back(std::exp(4 * static_cast<double>(normal_(random_))));
    }
    for (Survivor& member : members) {
      const int64_t rows = snapshot.rows_in_segment(0);
      if (member.row.index >= rows) member.row = {1, static_cast<int32_t>(member.row.index - rows)};
    }
    std::vector<double> sum(kDim, -1.0);
    ASSERT_TRUE(cuda_->Combine(snapshot, members, weights, absl::MakeSpan(sum)));
    std::vector<double> expected(kDim, 0.0);
    for (size_t begin = 0; begin < members.size(); begin += kSumBlock) {
      std::vector<double> block(kDim, 0.0);
      for (size_t i = begin; i < std::min(begin + kSumBlock, members.size()); ++i) {
        PortableCanonicalArithmetic().add_scaled(weights[i], snapshot.pattern(members[i].row).data(),
                                                 block.data(), kDim);
      }
      for (int64_t j = 0; j < kDim; ++j) expected[j] += block[j];
    }
    EXPECT_EQ(sum, expected) << count;
  }
}

TEST_F(CudaSweeperTest, StreamedUpdatesAreWithinTheirBound) {
  for (const Rows kind : {Rows::kNormal, Rows::kClusters, Rows::kHugeNorms, Rows::kCancelling,
                          Rows::kCommonPart, Rows::kTiny, Rows::kCopies, Rows::kZero}) {
    for (const int64_t dim : {1, 45, 300}) {
      const int64_t count = dim < 100 ? 700 : 65;
      TestBank bank = MakeBank(dim);
      ASSERT_TRUE(bank.Store(MakeRows(kind, count, dim, &random_)).ok());
      ASSERT_TRUE(bank->Delete({0, 5, 63}, false).ok());
      const BankSnapshot snapshot = bank->Pin();
      for (const double beta : {1e-3, 1.0, 1e9}) {
        for (const double size : {0.0, 1.0, 1e8}) {
          SCOPED_TRACE(testing::Message() << "rows " << static_cast<int>(kind) << " D " << dim << " beta "
                                          << beta << " |q| " << size);
          std::vector<double> state(dim);
          for (double& q : state) q = size * static_cast<double>(normal_(random_));
          const StreamState one = StateFor(snapshot, state, beta);
          StreamedSoftmax update;
          ASSERT_TRUE(cuda_->StreamSoftmax(snapshot, {&one, 1}, {&update, 1}).ok());
          ASSERT_LE(Distance(update.combination, ExactUpdate(snapshot, one)), update.error_bound);
          ASSERT_LE(update.error_bound, 2.01 * snapshot.largest_norm() + 1e-35);
        }
      }
    }
  }
  EXPECT_EQ(Status().sweeps, 8 * 3 * 3 * 3);
}

TEST_F(CudaSweeperTest, AStreamedUpdateDoesNotDependOnLaterRows) {
  constexpr int64_t kDim = 50;
  TestBank bank = MakeBank(kDim);
  ASSERT_TRUE(bank.Store(Random(kDim * 300)).ok());
  const BankSnapshot before = bank->Pin();
  ASSERT_TRUE(bank.Store(Random(kDim * 3000)).ok());
  ASSERT_TRUE(bank->Delete({7, 8}, false).ok());
  const BankSnapshot after = bank->Pin();
  const std::vector<std::vector<double>> states = RandomStates(1, kDim);
  const StreamState one = StateFor(before, states[0], 0.1);
  StreamedSoftmax alone;
  StreamedSoftmax later;
  ASSERT_TRUE(cuda_->StreamSoftmax(before, {&one, 1}, {&alone, 1}).ok());
  ASSERT_TRUE(cuda_->StreamSoftmax(after, {&one, 1}, {&later, 1}).ok());
  EXPECT_EQ(alone.combination, later.combination);
  EXPECT_EQ(alone.total, later.total);
  EXPECT_EQ(alone.error_bound, later.error_bound);
  // And is sharp enough to be of use.
  EXPECT_LT(alone.error_bound, 1e-4);
}

}  // namespace
}  // namespace engram
