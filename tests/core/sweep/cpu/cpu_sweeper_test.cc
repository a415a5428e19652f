#include "core/sweep/cpu/cpu_sweeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/sweep/expect_superset.h"

namespace engram {
namespace {

// What a sweep may run on.
struct Machine {
  int threads;
  const ScreenKernels* kernels;
  Screening screening;
};

// Every screen with every instruction set that runs here, and the best one with every number of threads.
std::vector<Machine> AllMachines() {
  std::vector<Machine> machines;
  for (const Screening screening : {Screening::kInt8, Screening::kNone}) {
    for (const ScreenKernels& kernels : AllScreenKernels()) {
      if (kernels.supported()) machines.push_back({1, &kernels, screening});
    }
    for (const int threads : {0, 3}) machines.push_back({threads, &BestScreenKernels(), screening});
  }
  return machines;
}

class CpuSweeperTest : public ::testing::TestWithParam<Machine> {
 protected:
  TestBank MakeBank(int64_t dim) { return TestBank(dim, 0, 0, int64_t{1} << 32, GetParam().screening); }

  ThreadPool pool_{GetParam().threads};
  CpuSweeper cpu_{&pool_, *GetParam().kernels};
  ReferenceSweeper reference_;
};

TEST_P(CpuSweeperTest, KeepsEveryRowThatTheCutKeepsWithItsCanonicalScore) {
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal;
  for (const int64_t dim : {1, 3, 16, 100}) {
    for (const int64_t count : {1, 2, 255, 256, 257, 5000}) {
      SCOPED_TRACE(testing::Message() << "D " << dim << " N " << count);
      TestBank bank = MakeBank(dim);
      std::vector<float> rows(dim * count);
      for (float& x : rows) x = normal(random);
      ASSERT_TRUE(bank.Store(rows).ok());
      if (count > 10) {
        ASSERT_TRUE(bank->Delete({3, 7, static_cast<uint64_t>(count) - 1}, false).ok());
      }
      const BankSnapshot snapshot = bank->Pin();
      std::vector<std::vector<double>> states(6, std::vector<double>(dim));
      for (auto& state : states) {
        for (double& q : state) q = normal(random);
      }
      for (double& q : states.back()) q *= 1e-310;  // Scores underflow.
      const int64_t n = snapshot.pattern_count();
      const std::vector<Cut> cuts = {Cut(Softmax(), 1, n),
                                     Cut(Softmax(), 100, n),
                                     Cut(*Entmax::Make(1.5), 0.01, n),
                                     Cut(*Entmax::Make(2), 20, n),
                                     Cut(*KSubsets::Make(std::min<int64_t>(n, 5)), 10, n),
                                     Cut(*KSubsets::Make(n), 1, n)};
      std::vector<SweepState> sweep;
      for (size_t b = 0; b < states.size(); ++b) sweep.push_back({states[b], cuts[b], snapshot.version()});
      std::vector<SweepResult> got(sweep.size());
      std::vector<SweepResult> expected(sweep.size());
      ASSERT_TRUE(cpu_.Sweep(snapshot, sweep, absl::MakeSpan(got)).ok());
      ASSERT_TRUE(reference_.Sweep(snapshot, sweep, absl::MakeSpan(expected)).ok());
      for (size_t b = 0; b < sweep.size(); ++b)
        ExpectSuperset(got[b].survivors, expected[b].survivors, cuts[b]);
    }
  }
}

TEST_P(CpuSweeperTest, SharpCutsLeaveFewSurvivors) {
  std::mt19937_64 random(8);
  std::normal_distribution<float> normal;
  TestBank bank = MakeBank(64);
  std::vector<float> rows(64 * 20'000);
  for (float& x : rows) x = normal(random);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<double> state(rows.begin() + 64 * 17, rows.begin() + 64 * 18);
  const SweepState sweep{state, Cut(*Entmax::Make(2), 1, snapshot.pattern_count()), snapshot.version()};
  SweepResult result;
  ASSERT_TRUE(cpu_.Sweep(snapshot, absl::MakeConstSpan(&sweep, 1), absl::MakeSpan(&result, 1)).ok());
  const SurvivorList& survivors = result.survivors;
  // The pattern itself and the one whose distance certifies it.
  ASSERT_EQ(survivors.size(), 2u);
  EXPECT_EQ(std::max(survivors[0].score, survivors[1].score), survivors[survivors[0].id == 17 ? 0 : 1].score);
}

TEST_P(CpuSweeperTest, ServesStatesPinnedToDifferentVersions) {
  TestBank bank = MakeBank(1);
  ASSERT_TRUE(bank.Store({1, 2, 3}).ok());
  ASSERT_TRUE(bank->Delete({0}, false).ok());
  ASSERT_TRUE(bank.Store({4}).ok());
  const BankSnapshot newest = bank->Pin();
  const std::vector<double> state = {1};
  std::vector<SweepState> sweep;
  for (int64_t version = 1; version <= 3; ++version) sweep.push_back({state, Cut(Softmax(), 1, 3), version});
  std::vector<SweepResult> results(3);
  ASSERT_TRUE(cpu_.Sweep(newest, sweep, absl::MakeSpan(results)).ok());
  const auto ids = [&](int b) {
    std::vector<uint64_t> list;
    for (const auto& [id, score] : ScoresById(results[b].survivors)) list.push_back(id);
    return list;
  };
  EXPECT_EQ(ids(0), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(ids(1), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(ids(2), (std::vector<uint64_t>{1, 2, 3}));
}

INSTANTIATE_TEST_SUITE_P(Machines, CpuSweeperTest, ::testing::ValuesIn(AllMachines()),
                         [](const testing::TestParamInfo<Machine>& info) {
                           return absl::StrCat(
                               info.param.kernels->name, "_threads", info.param.threads,
                               info.param.screening == Screening::kInt8 ? "_int8" : "_float32");
                         });

}  // namespace
}  // namespace engram
