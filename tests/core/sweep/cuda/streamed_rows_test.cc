// Streamed softmax on devices, compared with the reference and with itself in other company.

#include "core/sweep/cuda/streamed_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/sweep/cuda/resident_rows.h"
#include "core/sweep/stream_members.h"
#include "tests/core/sweep/cuda/cuda_fixture.h"
#include "tests/core/sweep/cuda/device_under_test.h"
#include "tests/core/sweep/exact_update.h"

namespace engram {
namespace {

constexpr int64_t kAll = StreamState::kAllMembers;

bool IsBefore(const StreamMember& a, const StreamMember& b) {
  return a.row.segment != b.row.segment ? a.row.segment < b.row.segment : a.row.index < b.row.index;
}

// For comparisons whose failure should not print them. The bytes of all numbers, the members in the order of
// their rows.
std::string BytesOf(const StreamedSoftmax& update) {
  std::string bytes;
  const auto add = [&](const void* data, size_t size) { bytes.append(static_cast<const char*>(data), size); };
  add(update.combination.data(), update.combination.size() * sizeof(double));
  for (const double x : {update.error_bound, update.scale, update.total, double{update.largest}}) {
    add(&x, sizeof(x));
  }
  add(&update.support_size, sizeof(update.support_size));
  std::vector<StreamMember> members = update.members;
  std::sort(members.begin(), members.end(), IsBefore);
  for (const StreamMember& member : members) add(&member, sizeof(member));
  return bytes;
}

class StreamedRowsTest : public DevicesFixture {
 protected:
  StreamedRowsTest() : DevicesFixture(/*seed=*/17) {}
  ~StreamedRowsTest() override {
    cuda_.reset();
    ShuffleThreads(1);
    OfferMultiprocessors(4);
  }
  // Stores rows in batches of `batch`, for which an empty bank takes segments of at least 64 rows.
  void Fill(TestBank* bank, const std::vector<float>& rows, int64_t dim, int64_t batch) {
    const auto count = static_cast<int64_t>(rows.size()) / dim;
    for (int64_t i = 0; i < count; i += batch) {
      const int64_t end = std::min(i + batch, count);
      ASSERT_TRUE(bank->Store({rows.begin() + i * dim, rows.begin() + end * dim}).ok());
    }
  }
  // On the devices, and not on the host in their place.
  std::vector<StreamedSoftmax> Stream(const BankSnapshot& bank, const std::vector<StreamState>& states) {
    std::vector<StreamedSoftmax> updates(states.size());
    const absl::StatusOr<bool> is_done =
        StreamSoftmaxOnDevices(bank, states, options_.scratch_bytes, absl::MakeSpan(updates));
    EXPECT_TRUE(is_done.ok()) << is_done.status();
    EXPECT_TRUE(is_done.value_or(false));
    return updates;
  }
  StreamedSoftmax StreamOne(const BankSnapshot& bank, const StreamState& state) {
    return Stream(bank, {state}).front();
  }
  std::vector<StreamedSoftmax> Reference(const BankSnapshot& bank, const std::vector<StreamState>& states) {
    std::vector<StreamedSoftmax> updates(states.size());
    EXPECT_TRUE(reference_.StreamSoftmax(bank, states, absl::MakeSpan(updates)).ok());
    return updates;
  }

  // Expects the update that is exact up to its bound, and the support of the reference up to the rounding of
  // scores: `slack` in beta times the score.
  void ExpectRight(const BankSnapshot& bank, const StreamState& state, const StreamedSoftmax& got) {
    EXPECT_LE(Distance(got.combination, ExactUpdate(bank, state)), got.error_bound);
    EXPECT_LE(got.error_bound, 2.01 * bank.largest_norm() + 1e-35);
    const StreamedSoftmax expected = Reference(bank, {state}).front();
    double distance = 0;
    for (size_t j = 0; j < got.combination.size(); ++j) {
      distance += std::pow(got.combination[j] - expected.combination[j], 2);
    }
    EXPECT_LE(std::sqrt(distance), got.error_bound + expected.error_bound);
    double norm = 0;
    for (const double q : state.state) norm += q * q;
    const double slack = state.beta * std::sqrt(norm) * bank.largest_norm() *
                         (static_cast<double>(state.state.size()) / 16 + 20) * 0x1p-24;
    StreamState narrower = state;
    StreamState wider = state;
    narrower.window -= 2 * slack;
    wider.window += 2 * slack;
    EXPECT_GE(got.support_size, Reference(bank, {narrower}).front().support_size);
    EXPECT_LE(got.support_size, Reference(bank, {wider}).front().support_size);
  }

  // Expects the members that `all`, those of a state that asked for all of them, says are first.
  void ExpectFirstMembers(const BankSnapshot& bank, int64_t most, const StreamedSoftmax& got,
                          const StreamedSoftmax& all) {
    ASSERT_EQ(static_cast<int64_t>(all.members.size()), all.support_size);
    ASSERT_EQ(got.support_size, all.support_size);
    std::vector<StreamMember> expected = all.members;
    std::vector<StreamMember> members = got.members;
    for (auto* list : {&expected, &members}) {
      std::sort(list->begin(), list->end(), [&](const StreamMember& a, const StreamMember& b) {
        return a.score != b.score ? a.score > b.score : bank.id(a.row) < bank.id(b.row);
      });
    }
    ASSERT_GE(static_cast<int64_t>(members.size()), std::min(most, all.support_size));
    ASSERT_LE(members.size(), expected.size());
    // Beyond those that are wanted, of one device only what ties with the last.
    if (static_cast<int64_t>(members.size()) > most) {
      ASSERT_GT(most, 0);
      if (GetParam().size() == 1) {
        ASSERT_EQ(members.back().score, members[most - 1].score);
      }
    }
    members.resize(std::min(static_cast<int64_t>(members.size()), most));
    for (size_t i = 0; i < members.size(); ++i) {
      ASSERT_EQ(members[i].score, expected[i].score) << i;
      ASSERT_EQ(members[i].row, expected[i].row) << i;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Devices, StreamedRowsTest,
                         testing::Values(std::vector<int>{0}, std::vector<int>{0, 1},
                                         std::vector<int>{0, 0}));

TEST_P(StreamedRowsTest, UpdatesAreThoseOfTheReferenceWithinTheirBounds) {
  for (const int64_t dim : {1, 3, 45, 64, 300, 768, 1000, 1024}) {
    for (const int64_t count : {1, 17, 400}) {
      TestBank bank = MakeBank(dim);
      Fill(&bank, MakeRows(Rows::kNormal, count, dim, &random_), dim, 100);
      if (count > 100) {
        ASSERT_TRUE(bank->Delete({0, 5, 16, 150, static_cast<uint64_t>(count) - 1}, false).ok());
      }
      const BankSnapshot snapshot = bank->Pin();
      const std::vector<std::vector<double>> queries = RandomStates(3, dim);
      std::vector<StreamState> states;
      for (const double beta : {1e-3, 0.3, 30.0}) {
        states.push_back(StateFor(snapshot, queries[states.size()], beta));
      }
      const std::vector<StreamedSoftmax> got = Stream(snapshot, states);
      for (size_t b = 0; b < states.size(); ++b) {
        SCOPED_TRACE(testing::Message() << "D " << dim << " N " << count << " beta " << states[b].beta);
        ExpectRight(snapshot, states[b], got[b]);
      }
    }
  }
}

TEST_P(StreamedRowsTest, AStateHasTheSameBytesInAnyCompany) {
  for (const int64_t dim : {20, 64}) {
    TestBank bank = MakeBank(dim);
    Fill(&bank, MakeRows(Rows::kNormal, 900, dim, &random_), dim, 200);
    ASSERT_TRUE(bank->Delete({3, 400, 899}, false).ok());
    const BankSnapshot snapshot = bank->Pin();
    const std::vector<std::vector<double>> queries = RandomStates(11, dim);
    std::vector<StreamState> states;
    std::vector<std::string> expected;
    for (const std::vector<double>& query : queries) {
      const auto b = static_cast<int64_t>(states.size());
      states.push_back(StateFor(snapshot, query, std::pow(4.0, static_cast<double>(b % 5) - 4)));
      states.back().most_members = b % 3 == 2 ? kAll : 7 * b;
      expected.push_back(BytesOf(StreamOne(snapshot, states.back())));
    }
    for (const size_t batch : {1, 2, 3, 5, 8, 11}) {
      ShuffleThreads(batch);
      std::vector<size_t> order(states.size());
      for (size_t b = 0; b < order.size(); ++b) order[b] = b;
      std::shuffle(order.begin(), order.end(), random_);
      order.resize(batch);
      std::vector<StreamState> mates;
      for (const size_t b : order) mates.push_back(states[b]);
      const std::vector<StreamedSoftmax> got = Stream(snapshot, mates);
      for (size_t i = 0; i < batch; ++i) {
        EXPECT_TRUE(BytesOf(got[i]) == expected[order[i]]) << "state " << order[i] << " of " << batch;
      }
    }
  }
}

TEST_P(StreamedRowsTest, WhatDoesNotFitIsStreamedInGroupsWithTheSameBytes) {
  constexpr int64_t kDim = 24;
  TestBank bank = MakeBank(kDim);
  Fill(&bank, MakeRows(Rows::kNormal, 500, kDim, &random_), kDim, 100);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> queries = RandomStates(11, kDim);
  std::vector<StreamState> states;
  for (const auto& query : queries) states.push_back(StateFor(snapshot, query, 0.2));
  const std::vector<StreamedSoftmax> at_once = Stream(snapshot, states);
  for (const int64_t bytes : {int64_t{1}, int64_t{200'000}, int64_t{600'000}}) {
    options_.scratch_bytes = bytes;
    const std::vector<StreamedSoftmax> in_groups = Stream(snapshot, states);
    for (size_t b = 0; b < states.size(); ++b) EXPECT_TRUE(BytesOf(in_groups[b]) == BytesOf(at_once[b]));
  }
}

TEST_P(StreamedRowsTest, AnUpdateDoesNotDependOnTheOrderInWhichThreadsRun) {
  constexpr int64_t kDim = 40;
  TestBank bank = MakeBank(kDim);
  Fill(&bank, MakeRows(Rows::kNormal, 900, kDim, &random_), kDim, 150);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> queries = RandomStates(8, kDim);
  std::vector<StreamState> states;
  for (const auto& query : queries) {
    states.push_back(StateFor(snapshot, query, 0.1));
    states.back().most_members = 50;
  }
  std::vector<std::string> expected;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    ShuffleThreads(seed);
    for (const size_t batch : {1, 2, 4, 8}) {
      const std::vector<StreamedSoftmax> got =
          Stream(snapshot, {states.begin(), states.begin() + static_cast<int64_t>(batch)});
      if (seed == 1 && batch == 8) {
        for (size_t b = 0; b < 8; ++b) ExpectRight(snapshot, states[b], got[b]);
      }
      for (size_t b = 0; b < batch; ++b) {
        if (expected.size() == b) expected.push_back(BytesOf(got[b]));
        EXPECT_TRUE(BytesOf(got[b]) == expected[b]) << "seed " << seed << " state " << b << " of " << batch;
      }
    }
  }
}

TEST_P(StreamedRowsTest, AVersionHasTheSameBytesWhateverWasStoredOrDeletedSince) {
  constexpr int64_t kDim = 33;
  TestBank bank = MakeBank(kDim);
  // Rows behind the last full tile of a segment are in one later, and some segments have no other rows.
  ASSERT_TRUE(bank.Store(MakeRows(Rows::kNormal, 70, kDim, &random_)).ok());
  ASSERT_TRUE(bank->Delete({1, 66}, false).ok());
  const std::vector<std::vector<double>> queries = RandomStates(4, kDim);
  std::vector<BankSnapshot> snapshots = {bank->Pin()};
  std::vector<std::vector<StreamState>> states(5);
  std::vector<std::vector<std::string>> expected;
  for (uint64_t step = 0; step < 5; ++step) {
    const BankSnapshot& newest = snapshots.back();
    for (const auto& query : queries) {
      states[step].push_back(StateFor(newest, query, 0.2));
      states[step].back().most_members = 20;
    }
    expected.emplace_back();
    for (const StreamedSoftmax& update : Stream(newest, states[step])) {
      expected.back().push_back(BytesOf(update));
    }
    for (size_t b = 0; b < queries.size(); ++b) {
      ExpectRight(newest, states[step][b], StreamOne(newest, states[step][b]));
    }
    // All versions so far in one call, of the newest snapshot.
    std::vector<StreamState> all;
    for (uint64_t before = 0; before <= step; ++before) {
      all.insert(all.end(), states[before].begin(), states[before].end());
    }
    const std::vector<StreamedSoftmax> got = Stream(newest, all);
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(BytesOf(got[i]) == expected[i / queries.size()][i % queries.size()])
          << "version " << i / queries.size() << " after " << step << " more";
    }
    ASSERT_TRUE(bank.Store(MakeRows(Rows::kNormal, step == 2 ? 500 : 13, kDim, &random_)).ok());
    ASSERT_TRUE(bank->Delete({3 * step + 7, 3 * step + 45}, false).ok());
    snapshots.push_back(bank->Pin());
    ASSERT_EQ(snapshots.back().layout_id(), snapshots.front().layout_id());
  }
}

TEST_P(StreamedRowsTest, MembersAreTheFirstRowsWithWeightTiesById) {
  constexpr int64_t kDim = 8;
  for (const Rows kind : {Rows::kNormal, Rows::kClusters, Rows::kCopies, Rows::kHugeNorms}) {
    TestBank bank = MakeBank(kDim);
    Fill(&bank, MakeRows(kind, 700, kDim, &random_), kDim, 100);
    ASSERT_TRUE(bank->Delete({0, 99, 350}, false).ok());
    const BankSnapshot snapshot = bank->Pin();
    const std::vector<std::vector<double>> queries = RandomStates(3, kDim);
    const double betas[] = {1e-8, 2, 50};
    for (const int64_t capacity : {int64_t{1} << 17, int64_t{96}}) {
      SCOPED_TRACE(testing::Message() << "rows " << static_cast<int>(kind) << " capacity " << capacity);
      std::vector<StreamState> states;
      for (size_t b = 0; b < 3; ++b) {
        states.push_back(StateFor(snapshot, queries[b], betas[b]));
        states.back().most_members = kAll;
      }
      const std::vector<StreamedSoftmax> all = Stream(snapshot, states);
      for (size_t b = 0; b < 3; ++b) ExpectRight(snapshot, states[b], all[b]);
      for (const int64_t most : {0, 1, 30, 697}) {
        SCOPED_TRACE(testing::Message() << "most " << most);
        for (size_t b = 0; b < 3; ++b) states[b].most_members = b == 1 ? most / 2 : most;
        const std::vector<StreamedSoftmax> got = Stream(snapshot, states);
        for (size_t b = 0; b < 3; ++b) {
          ExpectFirstMembers(snapshot, states[b].most_members, got[b], all[b]);
        }
      }
    }
  }
}

TEST_P(StreamedRowsTest, ListsThatOverflowLoseNothing) {
  for (const int64_t capacity : {1, 7, 100, 2047}) {
    options_.list_capacity = capacity;
    Open();
    constexpr int64_t kDim = 6;
    TestBank bank = MakeBank(kDim);
    Fill(&bank, MakeRows(Rows::kNormal, capacity < 10 ? 150 : 1100, kDim, &random_), kDim, 120);
    const BankSnapshot snapshot = bank->Pin();
    const std::vector<std::vector<double>> queries = RandomStates(2, kDim);
    std::vector<StreamState> states;
    for (const auto& query : queries) {
      states.push_back(StateFor(snapshot, query, 1e-3));
      states.back().most_members = kAll;
    }
    const std::vector<StreamedSoftmax> all = Stream(snapshot, states);
    for (size_t b = 0; b < 2; ++b) {
      EXPECT_EQ(all[b].support_size, snapshot.pattern_count());
      std::vector<StreamMember> members = all[b].members;
      std::sort(members.begin(), members.end(), IsBefore);
      ASSERT_EQ(static_cast<int64_t>(members.size()), snapshot.pattern_count());
      EXPECT_EQ(std::adjacent_find(members.begin(), members.end(),
                                   [](const auto& x, const auto& y) { return x.row == y.row; }),
                members.end());
    }
    states[0].most_members = 60;
    states[1].most_members = 0;
    const std::vector<StreamedSoftmax> got = Stream(snapshot, states);
    for (size_t b = 0; b < 2; ++b) {
      ExpectFirstMembers(snapshot, states[b].most_members, got[b], all[b]);
    }
  }
}

TEST_P(StreamedRowsTest, ScoresOfEverySignAndSizeAreInOrder) {
  // One column: the scores are the rows. Thresholds in each part of a score's bits.
  std::vector<float> rows;
  for (int i = 0; i < 200; ++i) {
    rows.push_back(1 + static_cast<float>(i % 50) * 0x1p-23F);
    rows.push_back(-1 - static_cast<float>(i) * 0x1p-12F);
    rows.push_back(i % 2 == 0 ? 0.0F : -0.0F);
    rows.push_back(static_cast<float>(std::pow(2.0, i % 60 - 58)));
  }
  TestBank bank = MakeBank(1);
  Fill(&bank, rows, 1, 64);
  const BankSnapshot snapshot = bank->Pin();
  for (const double q : {1.0, -1.0, 0.0}) {
    const std::vector<double> query = {q};
    StreamState state = StateFor(snapshot, query, 1e-3);
    state.most_members = kAll;
    const StreamedSoftmax all = StreamOne(snapshot, state);
    EXPECT_EQ(all.support_size, snapshot.pattern_count());
    for (const int64_t most : {1, 5, 100, 201, 333, 399, 400, 401, 550, 601, 799}) {
      SCOPED_TRACE(testing::Message() << "q " << q << " most " << most);
      state.most_members = most;
      ExpectFirstMembers(snapshot, most, StreamOne(snapshot, state), all);
    }
  }
}

TEST_P(StreamedRowsTest, ZerosOfBothSignsAreTies) {
  // Every product of an odd row underflows to -0, and so does their sum.
  constexpr int64_t kDim = 32;
  std::vector<float> rows;
  for (int64_t i = 0; i < 200; ++i) rows.insert(rows.end(), kDim, i % 2 == 0 ? 0.0F : -0x1p-149F);
  TestBank bank = MakeBank(kDim);
  Fill(&bank, rows, kDim, 64);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<double> query(kDim, 1.0);
  StreamState state = StateFor(snapshot, query, 1);
  state.most_members = kAll;
  const StreamedSoftmax all = StreamOne(snapshot, state);
  for (const int64_t most : {1, 99, 150}) {
    state.most_members = most;
    ExpectFirstMembers(snapshot, most, StreamOne(snapshot, state), all);
  }
}

TEST_P(StreamedRowsTest, ManyRowsOfAStripeAreAddedInTurn) {
  // Far more rows for each stripe than are added in float32 at a time, with maxima that rise to the end.
  constexpr int64_t kDim = 2;
  const int64_t count =
      64 * kStreamStripes * StreamBlocks(Multiprocessors()) * static_cast<int64_t>(options_.devices.size());
  std::vector<float> rows;
  for (int64_t i = 0; i < count; ++i) {
    rows.push_back(static_cast<float>(i) / static_cast<float>(count));
    rows.push_back(static_cast<float>(i % 97));
  }
  TestBank bank = MakeBank(kDim);
  Fill(&bank, rows, kDim, count / 4);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> queries = {{1, 0}, {-1, 0}, {20, 0.001}};
  std::vector<StreamState> states;
  for (const auto& query : queries) states.push_back(StateFor(snapshot, query, 1));
  const std::vector<StreamedSoftmax> got = Stream(snapshot, states);
  for (size_t b = 0; b < states.size(); ++b) {
    ExpectRight(snapshot, states[b], got[b]);
    EXPECT_TRUE(BytesOf(StreamOne(snapshot, states[b])) == BytesOf(got[b]));
    // (35 + 10 beta |x| |q|) u |x|, about.
    EXPECT_LT(got[b].error_bound, 0x1p-24 * 100 * (100 + 40 * 100));
  }
}

TEST_P(StreamedRowsTest, SumsOfMoreBlocksThanABlockHasThreadsAreAdded) {
  OfferMultiprocessors(70);
  Open();
  if (StreamBlocks(Multiprocessors()) <= 256) GTEST_SKIP() << "a small device";
  constexpr int64_t kDim = 2;
  TestBank bank = MakeBank(kDim);
  // A row for each stripe.
  const int64_t count = kStreamStripes * StreamBlocks(Multiprocessors());
  Fill(&bank, MakeRows(Rows::kNormal, count, kDim, &random_), kDim, count / 4);
  const BankSnapshot snapshot = bank->Pin();
  const std::vector<std::vector<double>> queries = RandomStates(1, kDim);
  const StreamState state = StateFor(snapshot, queries[0], 0.1);
  ExpectRight(snapshot, state, StreamOne(snapshot, state));
}

TEST_P(StreamedRowsTest, ABankTooWideOrWithoutPatternsIsLeftToTheHost) {
  TestBank wide = MakeBank(kMostStreamedColumns + 1);
  ASSERT_TRUE(wide.Store(MakeRows(Rows::kNormal, 20, kMostStreamedColumns + 1, &random_)).ok());
  TestBank plain(4, 0, 0, int64_t{1} << 32, Screening::kNone, cuda_->residency());
  ASSERT_TRUE(plain.Store(MakeRows(Rows::kNormal, 20, 4, &random_)).ok());
  for (TestBank* bank : {&wide, &plain}) {
    const BankSnapshot snapshot = (*bank)->Pin();
    const std::vector<std::vector<double>> queries = RandomStates(1, snapshot.settings().dim);
    StreamState state = StateFor(snapshot, queries[0], 0.1);
    state.most_members = 5;
    StreamedSoftmax update;
    const auto on_devices =
        StreamSoftmaxOnDevices(snapshot, {&state, 1}, options_.scratch_bytes, {&update, 1});
    EXPECT_TRUE(on_devices.ok() && !*on_devices);
    ASSERT_TRUE(cuda_->StreamSoftmax(snapshot, {&state, 1}, {&update, 1}).ok());
    ExpectRight(snapshot, state, update);
    EXPECT_EQ(update.members.size(), 5u);
  }
}

TEST_P(StreamedRowsTest, EveryDeviceStreamsItsOwnRowsOnceForEightStates) {
  constexpr int64_t kDim = 16;
  TestBank bank = MakeBank(kDim);
  Fill(&bank, MakeRows(Rows::kNormal, 600, kDim, &random_), kDim, 64);
  const BankSnapshot snapshot = bank->Pin();
  EXPECT_EQ(ResidentRows::FindAll(snapshot).size(), GetParam().size());
  const std::vector<std::vector<double>> queries = RandomStates(11, kDim);
  std::vector<StreamState> states;
  for (const auto& query : queries) states.push_back(StateFor(snapshot, query, 0.5));
  std::vector<StreamedSoftmax> updates(states.size());
  ASSERT_TRUE(cuda_->StreamSoftmax(snapshot, states, absl::MakeSpan(updates)).ok());
  for (const DeviceStatus& device : cuda_->devices()) {
    EXPECT_EQ(device.fault, "");
    EXPECT_EQ(device.sweeps, 2);
    EXPECT_EQ(device.states, 11);
  }
}

}  // namespace
}  // namespace engram
