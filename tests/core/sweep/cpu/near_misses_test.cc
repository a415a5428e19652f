// Later states served from the bounds of the sweep before: the same survivors as a sweep would give.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

class NearMissesTest : public ::testing::TestWithParam<Screening> {
 protected:
  static constexpr int64_t kDim = 48;
  static constexpr int64_t kRows = 20'011;  // No multiple of a tile.

  NearMissesTest() : bank_(kDim, 0, 0, int64_t{1} << 32, GetParam()) {
    // Clusters, so that there are near misses.
    std::vector<float> centre(kDim);
    for (int64_t i = 0; i < kRows; ++i) {
      if (i % 50 == 0) {
        for (float& x : centre) x = normal_(random_);
      }
      for (const float x : centre) rows_.push_back(x + 0.7F * normal_(random_));
    }
    EXPECT_TRUE(bank_.Store(rows_).ok());
    EXPECT_TRUE(bank_->Delete({17, 5000, 20'010}, false).ok());
  }

  // x_i plus noise.
  std::vector<double> Near(int64_t i, double noise) {
    std::vector<double> state(rows_.begin() + i * kDim, rows_.begin() + (i + 1) * kDim);
    for (double& q : state) q += noise * normal_(random_);
    return state;
  }

  // Whether the bounds of a sweep of `first` serve `next`; asserts that what they give is right.
  bool Serves(const std::vector<double>& first, const std::vector<double>& next, const Cut& cut) {
    const BankSnapshot snapshot = bank_->Pin();
    const SweepState before{first, cut, snapshot.version()};
    SweepResult swept;
    EXPECT_TRUE(cpu_.Sweep(snapshot, {&before, 1}, {&swept, 1}).ok());
    if (swept.near_misses == nullptr) return false;
    const SweepState after{next, cut, snapshot.version()};
    if (!swept.near_misses->Serve(after, &swept.survivors)) return false;
    SweepResult reference;
    EXPECT_TRUE(ReferenceSweeper().Sweep(snapshot, {&after, 1}, {&reference, 1}).ok());
    std::map<uint64_t, double> got;
    for (const Survivor& survivor : swept.survivors) got[survivor.id] = survivor.score;
    EXPECT_EQ(got.size(), swept.survivors.size()) << "a row twice";
    std::vector<double> exact;
    for (const Survivor& survivor : reference.survivors) exact.push_back(survivor.score);
    std::sort(exact.begin(), exact.end(), std::greater<double>());
    const double least = cut.From(exact);
    size_t found = 0;
    for (const Survivor& survivor : reference.survivors) {
      const auto it = got.find(survivor.id);
      if (it == got.end()) {
        EXPECT_LT(survivor.score, least) << "row " << survivor.id << " was lost";
      } else {
        ++found;
        EXPECT_EQ(std::memcmp(&it->second, &survivor.score, sizeof(double)), 0);
      }
    }
    EXPECT_EQ(found, got.size()) << "a row that is not visible survived";
    return true;
  }

  Cut SharpCut() { return Cut(*Entmax::Make(1.5), 1, bank_->Pin().pattern_count()); }

  std::mt19937_64 random_{3};
  std::normal_distribution<float> normal_;
  std::vector<float> rows_;
  TestBank bank_;
  ThreadPool pool_{1};
  CpuSweeper cpu_{&pool_};
};

TEST_P(NearMissesTest, ServeAStateNearTheLast) {
  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_TRUE(Serves(Near(i * 997, 0.1), Near(i * 997, 0), SharpCut())) << i;
  }
}

TEST_P(NearMissesTest, ServeScaledStatesAsWell) {
  // The length of the state does not matter, only its direction.
  std::vector<double> state = Near(1000, 0);
  std::vector<double> longer = state;
  for (double& q : longer) q *= 1e20;
  EXPECT_TRUE(Serves(longer, state, SharpCut()));
  EXPECT_TRUE(Serves(state, longer, SharpCut()));
}

TEST_P(NearMissesTest, AreRightOrSilentAtEveryDistance) {
  int served = 0;
  const std::vector<Cut> cuts = {SharpCut(), Cut(*KSubsets::Make(5), 1, bank_->Pin().pattern_count()),
                                 Cut(*Normmax::Make(2), 0.3, bank_->Pin().pattern_count()),
                                 Cut(Softmax(), 5, bank_->Pin().pattern_count())};
  for (const Cut& cut : cuts) {
    for (const double noise : {0.01, 0.1, 0.5, 1.0, 3.0}) {
      for (int64_t i = 0; i < 5; ++i) served += Serves(Near(4000, 0.2), Near(4000, noise), cut) ? 1 : 0;
    }
  }
  EXPECT_GT(served, 20);
}

TEST_P(NearMissesTest, APatternRecalledAgainIsRightInEveryVersion) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Serves(Near(7000, 0.05), Near(7000, 0), SharpCut()));
  // Its runner-up may have gone.
  EXPECT_TRUE(bank_->Delete({7001, 7002, 7003, 7004}, false).ok());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Serves(Near(7000, 0.05), Near(7000, 0), SharpCut()));
  // Cuts that keep more.
  const Cut wider(*KSubsets::Make(7), 0.5, bank_->Pin().pattern_count());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Serves(Near(7000, 0.05), Near(7000, 0), wider));
}

TEST_P(NearMissesTest, DoNotServeAStateFarAway) {
  EXPECT_FALSE(Serves(Near(100, 0), Near(15'000, 0), SharpCut()));
  std::vector<double> opposite = Near(100, 0);
  for (double& q : opposite) q = -q;
  EXPECT_FALSE(Serves(Near(100, 0), opposite, SharpCut()));
}

TEST_P(NearMissesTest, AZeroStateNeitherServesNorBreaks) {
  const std::vector<double> zero(kDim, 0.0);
  Serves(zero, Near(100, 0), SharpCut());
  Serves(Near(100, 0), zero, SharpCut());
}

INSTANTIATE_TEST_SUITE_P(Screenings, NearMissesTest, ::testing::Values(Screening::kInt8, Screening::kNone));

}  // namespace
}  // namespace engram
