#ifndef ENGRAM_TESTS_CORE_SWEEP_CUDA_CUDA_FIXTURE_H_
#define ENGRAM_TESTS_CORE_SWEEP_CUDA_CUDA_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "core/sweep/cuda/cuda_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/sweep/cuda/device_under_test.h"
#include "tests/core/sweep/expect_superset.h"

namespace engram {

// The backend for GPUs, whatever the size of a bank, banks on its devices, and the reference that says what
// is right.
class CudaFixture : public testing::Test {
 protected:
  explicit CudaFixture(uint64_t seed) : random_(seed) { options_.least_work = 0; }

  // Makes the backend as the options say now. REQUIRES: no banks are left of the one before.
  void Open() {
    cuda_.reset();
    auto made = CudaSweeper::Make(options_, &pool_, BestScreenKernels());
    ASSERT_TRUE(made.ok()) << made.status();
    cuda_ = *std::move(made);
  }
  TestBank MakeBank(int64_t dim) {
    return TestBank(dim, 0, 0, int64_t{1} << 32, Screening::kInt8, cuda_->residency());
  }

  std::vector<float> Random(int64_t count) {
    std::vector<float> numbers(count);
    for (float& x : numbers) x = normal_(random_);
    return numbers;
  }
  std::vector<std::vector<double>> RandomStates(int64_t count, int64_t dim) {
    std::vector<std::vector<double>> states;
    for (int64_t b = 0; b < count; ++b) {
      const std::vector<float> state = Random(dim);
      states.emplace_back(state.begin(), state.end());
    }
    return states;
  }
  // At the bank's version, for entmax(1.5), which `states` must outlive.
  static std::vector<SweepState> StatesOf(const BankSnapshot& bank,
                                          const std::vector<std::vector<double>>& states, double beta) {
    std::vector<SweepState> sweep;
    for (const auto& state : states) {
      sweep.push_back({state, Cut(*Entmax::Make(1.5), beta, bank.pattern_count()), bank.version()});
    }
    return sweep;
  }

  // Sweeps on the devices, and expects what the reference says is right.
  std::vector<SweepResult> Sweep(const BankSnapshot& bank, const std::vector<SweepState>& states) {
    std::vector<SweepResult> got(states.size());
    EXPECT_TRUE(cuda_->Sweep(bank, states, absl::MakeSpan(got)).ok());
    ExpectRight(bank, states, got);
    return got;
  }
  void ExpectRight(const BankSnapshot& bank, const std::vector<SweepState>& states,
                   const std::vector<SweepResult>& got) {
    std::vector<SweepResult> expected(states.size());
    ASSERT_TRUE(reference_.Sweep(bank, states, absl::MakeSpan(expected)).ok());
    for (size_t b = 0; b < states.size(); ++b) {
      SCOPED_TRACE(testing::Message() << "state " << b);
      ExpectSuperset(got[b].survivors, expected[b].survivors, states[b].cut);
    }
  }

  CudaOptions options_;
  ThreadPool pool_{1};
  ReferenceSweeper reference_;
  std::unique_ptr<CudaSweeper> cuda_;  // Before the banks, which lie on its devices.
  std::mt19937_64 random_;
  std::normal_distribution<float> normal_;
};

// The same on the devices that the parameter names; skipped where they are not.
class DevicesFixture : public CudaFixture, public testing::WithParamInterface<std::vector<int>> {
 protected:
  explicit DevicesFixture(uint64_t seed) : CudaFixture(seed) {}
  void SetUp() override {
    const int last = *std::max_element(GetParam().begin(), GetParam().end());
    if (OfferDevices(last + 1) <= last) GTEST_SKIP() << "no CUDA device " << last;
    options_.devices = GetParam();
    Open();
  }
  ~DevicesFixture() override {
    cuda_.reset();
    OfferDevices(1);
  }
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_SWEEP_CUDA_CUDA_FIXTURE_H_
