// Streamed softmax updates against exact ones: the bound must hold whatever the rows are.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/base/canonical.h"
#include "core/sweep/cpu/cpu_softmax_stream.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "core/transform/softmax.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/sweep/exact_update.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 23;

std::vector<StreamedSoftmax> Stream(Sweeper* sweeper, const BankSnapshot& bank,
                                    const std::vector<StreamState>& states) {
  std::vector<StreamedSoftmax> updates(states.size());
  EXPECT_TRUE(sweeper->StreamSoftmax(bank, states, absl::MakeSpan(updates)).ok());
  return updates;
}

void ExpectSameBytes(const StreamedSoftmax& a, const StreamedSoftmax& b) {
  ASSERT_EQ(a.combination.size(), b.combination.size());
  EXPECT_EQ(std::memcmp(a.combination.data(), b.combination.data(), a.combination.size() * sizeof(double)),
            0);
  EXPECT_EQ(a.total, b.total);
  EXPECT_EQ(a.largest, b.largest);
  EXPECT_EQ(a.error_bound, b.error_bound);
}

TEST(SoftmaxStreamTest, TheBoundHoldsForAllRowsAndTemperatures) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  ThreadPool pool(2);
  CpuSweeper cpu(&pool);
  ReferenceSweeper reference;
  for (const Rows kind : {Rows::kNormal, Rows::kClusters, Rows::kHugeNorms, Rows::kCancelling,
                          Rows::kCommonPart, Rows::kTiny, Rows::kCopies, Rows::kZero}) {
    for (const int64_t dim : {1, 3, 32, 45, 768}) {
      for (const int64_t count : {1, 64, 65, 700}) {
        TestBank bank(dim);
        const std::vector<float> rows = MakeRows(kind, count, dim, &random);
        ASSERT_TRUE(bank.Store(rows).ok());
        if (count > 60) {
          ASSERT_TRUE(bank->Delete({0, 5, 63}, false).ok());
        }
        const BankSnapshot snapshot = bank->Pin();
        for (const double beta : {1e-30, 1e-6, 1e-3, 1.0, 30.0, 1e9, 1e30}) {
          for (const double size : {0.0, 1e-30, 1.0, 1e8}) {
            SCOPED_TRACE(testing::Message() << "rows " << static_cast<int>(kind) << " D " << dim << " N "
                                            << count << " beta " << beta << " |q| " << size);
            std::vector<double> state(dim);
            for (double& q : state) q = size * normal(random);
            const StreamState one = StateFor(snapshot, state, beta);
            const std::vector<long double> exact = ExactUpdate(snapshot, one);
            for (Sweeper* sweeper : {static_cast<Sweeper*>(&cpu), static_cast<Sweeper*>(&reference)}) {
              const StreamedSoftmax update = Stream(sweeper, snapshot, {one}).front();
              ASSERT_LE(Distance(update.combination, exact), update.error_bound) << sweeper->name();
              ASSERT_LE(update.error_bound, 2.01 * snapshot.largest_norm() + 1e-35);
            }
          }
        }
      }
    }
  }
}

TEST(SoftmaxStreamTest, TheBoundIsOfTheOrderOfFloat32) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  constexpr int64_t kDim = 96;
  TestBank bank(kDim);
  const std::vector<float> rows = MakeRows(Rows::kNormal, 100'000, kDim, &random);
  ASSERT_TRUE(bank.Store(rows).ok());
  const BankSnapshot snapshot = bank->Pin();
  ThreadPool pool(1);
  CpuSweeper cpu(&pool);
  for (const double beta : {1e-3, 0.05, 1.0}) {
    SCOPED_TRACE(beta);
    std::vector<double> state(kDim);
    for (double& q : state) q = normal(random);
    const StreamState one = StateFor(snapshot, state, beta);
    const StreamedSoftmax update = Stream(&cpu, snapshot, {one}).front();
    EXPECT_LE(Distance(update.combination, ExactUpdate(snapshot, one)), update.error_bound);
    // (35 u + 10 u beta |x| |q|) |x|, about.
    EXPECT_LT(update.error_bound, 0x1p-24 * (60 + 40 * beta * kDim) * std::sqrt(kDim));
  }
}

TEST(SoftmaxStreamTest, EveryInstructionSetAndThreadCountAndBatchHasTheSameBytes) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  for (const int64_t dim : {1, 5, 64, 100, 129, 300}) {
    TestBank bank(dim);
    ASSERT_TRUE(bank.Store(MakeRows(Rows::kNormal, 2777, dim, &random)).ok());
    ASSERT_TRUE(bank->Delete({1, 2, 900}, false).ok());
    const BankSnapshot snapshot = bank->Pin();
    std::vector<std::vector<double>> queries(9, std::vector<double>(dim));
    std::vector<StreamState> states;
    for (size_t b = 0; b < queries.size(); ++b) {
      for (double& q : queries[b]) q = normal(random);
      states.push_back(StateFor(snapshot, queries[b], std::pow(10.0, static_cast<double>(b % 4) - 2)));
    }
    ThreadPool none(0);
    ThreadPool many(3);
    std::vector<StreamedSoftmax> expected(states.size());
    CpuStreamSoftmax(snapshot, states, AllStreamKernels().back(), &none, absl::MakeSpan(expected));
    for (const StreamKernels& kernels : AllStreamKernels()) {
      if (!kernels.supported()) continue;
      SCOPED_TRACE(testing::Message() << kernels.name << " D " << dim);
      std::vector<StreamedSoftmax> got(states.size());
      CpuStreamSoftmax(snapshot, states, kernels, &many, absl::MakeSpan(got));
      for (size_t b = 0; b < states.size(); ++b) {
        ExpectSameBytes(got[b], expected[b]);
        StreamedSoftmax alone;
        CpuStreamSoftmax(snapshot, {states[b]}, kernels, &none, absl::MakeSpan(&alone, 1));
        ExpectSameBytes(alone, expected[b]);
      }
    }
  }
}

TEST(SoftmaxStreamTest, AVersionIsNotMovedByNewerRowsInTheSameSweep) {
  std::mt19937_64 random(kSeed);
  constexpr int64_t kDim = 20;
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(MakeRows(Rows::kNormal, 1000, kDim, &random)).ok());
  const BankSnapshot older = bank->Pin();
  ASSERT_TRUE(bank->Delete({3, 500}, false).ok());
  ASSERT_TRUE(bank.Store(MakeRows(Rows::kNormal, 3000, kDim, &random)).ok());
  const BankSnapshot newer = bank->Pin();
  ASSERT_EQ(older.layout_id(), newer.layout_id());
  const std::vector<double> query(kDim, 0.3);
  ThreadPool pool(2);
  CpuSweeper cpu(&pool);
  const StreamState of_older = StateFor(older, query, 0.2);
  const StreamState of_newer = StateFor(newer, query, 0.2);
  const std::vector<StreamedSoftmax> both = Stream(&cpu, newer, {of_older, of_newer});
  ExpectSameBytes(both[0], Stream(&cpu, older, {of_older}).front());
  EXPECT_LE(Distance(both[0].combination, ExactUpdate(older, of_older)), both[0].error_bound);
  EXPECT_LE(Distance(both[1].combination, ExactUpdate(newer, of_newer)), both[1].error_bound);
  // At a beta that low every row that is visible has weight.
  EXPECT_EQ(both[0].support_size, 1000);
  EXPECT_EQ(both[1].support_size, 3998);
}

// The rows with weight as `scores` would have them, the first in front.
void ExpectMembers(const BankSnapshot& bank, const StreamState& state, const StreamedSoftmax& update,
                   const std::vector<StreamMember>& all) {
  ASSERT_EQ(update.support_size, static_cast<int64_t>(all.size()));
  const auto is_first = [&](const StreamMember& a, const StreamMember& b) {
    return a.score != b.score ? a.score > b.score : bank.id(a.row) < bank.id(b.row);
  };
  ASSERT_TRUE(std::is_sorted(all.begin(), all.end(), is_first));
  std::vector<StreamMember> members = update.members;
  std::sort(members.begin(), members.end(), is_first);
  const size_t wanted = std::min(all.size(), static_cast<size_t>(state.most_members));
  ASSERT_GE(members.size(), wanted);
  ASSERT_LE(members.size(), all.size());
  for (size_t i = 0; i < members.size(); ++i) {
    ASSERT_EQ(members[i].score, all[i].score) << i;
    ASSERT_EQ(members[i].row, all[i].row) << i;
  }
}

TEST(SoftmaxStreamTest, MembersAreTheFirstRowsWithWeightTiesById) {
  std::mt19937_64 random(kSeed);
  std::normal_distribution<double> normal;
  constexpr int64_t kDim = 8;
  ThreadPool pool(2);
  CpuSweeper cpu(&pool);
  ReferenceSweeper reference;
  for (const Rows kind : {Rows::kNormal, Rows::kCopies, Rows::kClusters, Rows::kZero}) {
    TestBank bank(kDim);
    std::vector<uint64_t> ids;
    for (uint64_t i = 0; i < 3000; ++i) ids.push_back(i * 7919 % 3001);
    ASSERT_TRUE(bank.Store(MakeRows(kind, 3000, kDim, &random), ids).ok());
    ASSERT_TRUE(bank->Delete({4, 9}, false).ok());
    const BankSnapshot snapshot = bank->Pin();
    for (const double beta : {1e-3, 3.0, 1e3}) {
      std::vector<double> query(kDim);
      for (double& q : query) q = normal(random);
      StreamState state = StateFor(snapshot, query, beta);
      for (Sweeper* sweeper : {static_cast<Sweeper*>(&cpu), static_cast<Sweeper*>(&reference)}) {
        state.most_members = StreamState::kAllMembers;
        std::vector<StreamMember> all = Stream(sweeper, snapshot, {state}).front().members;
        std::sort(all.begin(), all.end(), [&](const StreamMember& a, const StreamMember& b) {
          return a.score != b.score ? a.score > b.score : snapshot.id(a.row) < snapshot.id(b.row);
        });
        for (const int64_t most : {0, 1, 2, 100, 2000, 2997, 2998, 5000}) {
          SCOPED_TRACE(testing::Message() << sweeper->name() << " rows " << static_cast<int>(kind) << " beta "
                                          << beta << " most " << most);
          state.most_members = most;
          ExpectMembers(snapshot, state, Stream(sweeper, snapshot, {state}).front(), all);
        }
      }
    }
  }
}

}  // namespace
}  // namespace engram
