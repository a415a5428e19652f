// Engine::Separate and MakeSeparationReport.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/engine/separation_report.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/fake_clock.h"
#include "tests/core/engine/plain_update.h"
#include "tests/core/engine/puppet_sweeper.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

using ::testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<float> RandomRows(int64_t count, int64_t dim, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * dim);
  for (float& x : rows) x = normal(random);
  return rows;
}

// The separations of all patterns of a bank.
std::vector<PatternSeparation> Separate(TestEngine* engine, TestBank* bank) {
  const BankSnapshot snapshot = (*bank)->Pin();
  const auto result = SeparateAndWait(engine->get(), snapshot, 0, snapshot.pattern_count());
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->separations : std::vector<PatternSeparation>();
}

// The separations of a bank's patterns by comparing each with each.
std::vector<PatternSeparation> SeparatePlainly(const BankSnapshot& bank) {
  const IdOrder& order = bank.by_id();
  std::vector<PatternSeparation> separations;
  for (int64_t i = 0; i < bank.pattern_count(); ++i) {
    const absl::Span<const float> x = bank.pattern(order.rows()[i]);
    const auto dot = [&](absl::Span<const float> y) {
      double sum = 0;
      for (size_t j = 0; j < x.size(); ++j) sum += static_cast<double>(x[j]) * static_cast<double>(y[j]);
      return sum;
    };
    PatternSeparation one;
    one.id = order.ids()[i];
    double best = -kInfinity;
    for (int64_t other = 0; other < bank.pattern_count(); ++other) {
      if (other == i) continue;
      const absl::Span<const float> y = bank.pattern(order.rows()[other]);
      if (dot(y) > best) {
        best = dot(y);
        one.other_id = order.ids()[other];
      }
      one.is_copy |= dot(y) == dot(x) && x == y;
    }
    one.separation = dot(x) - best;
    one.is_copy = one.is_copy && one.separation == 0;
    separations.push_back(one);
  }
  return separations;
}

void ExpectSame(const std::vector<PatternSeparation>& actual, const std::vector<PatternSeparation>& expected,
                double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "pattern " << i);
    EXPECT_EQ(actual[i].id, expected[i].id);
    EXPECT_EQ(actual[i].other_id, expected[i].other_id);
    EXPECT_NEAR(actual[i].separation, expected[i].separation, tolerance);
    EXPECT_EQ(actual[i].is_copy, expected[i].is_copy);
  }
}

TEST(SeparationTest, IsThatOfComparingEachPatternWithEach) {
  constexpr int64_t kCount = 700;
  constexpr int64_t kDim = 20;
  std::vector<float> rows = RandomRows(kCount, kDim, 1);
  // One that outscores all others at themselves.
  for (int64_t j = 0; j < kDim; ++j) rows[5 * kDim + j] = 3 * rows[6 * kDim + j];
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  for (uint64_t id = 0; id < kCount; id += 9) ASSERT_TRUE(bank->Delete({id}, false).ok());
  const std::vector<PatternSeparation> expected = SeparatePlainly(bank->Pin());
  EXPECT_LT(
      std::find_if(expected.begin(), expected.end(), [](const auto& one) { return one.id == 6; })->separation,
      0);
  TestEngine reference;
  ExpectSame(Separate(&reference, &bank), expected, 1e-12);
  ExpectSame(Separate(TestEngine::Cpu(2).get(), &bank), expected, 1e-12);
}

TEST(SeparationTest, ChunksTogetherAreTheWhole) {
  TestBank bank(4);
  ASSERT_TRUE(bank.Store(RandomRows(23, 4, 2), {}).ok());
  TestEngine engine;
  const std::vector<PatternSeparation> whole = Separate(&engine, &bank);
  std::vector<PatternSeparation> chunks;
  for (int64_t begin = 0; begin < 23; begin += 5) {
    const auto chunk = SeparateAndWait(engine.get(), bank->Pin(), begin, std::min<int64_t>(begin + 5, 23));
    ASSERT_TRUE(chunk.ok());
    chunks.insert(chunks.end(), chunk->separations.begin(), chunk->separations.end());
  }
  ExpectSame(chunks, whole, 0);
}

TEST(SeparationTest, CopiesAreFoundAndNothingElseIsOne) {
  TestBank bank(2);
  // 0 and 3 are copies; 1 scores as much at 0 as 0 itself, but is another; 2 is alone.
  ASSERT_TRUE(bank.Store({1, 0, 1, 5, -4, 0, 1, 0}).ok());
  TestEngine engine;
  const std::vector<PatternSeparation> separations = Separate(&engine, &bank);
  ExpectSame(separations, SeparatePlainly(bank->Pin()), 0);
  EXPECT_TRUE(separations[0].is_copy);
  EXPECT_EQ(separations[0].separation, 0);
  EXPECT_EQ(separations[0].other_id, 1u);
  EXPECT_FALSE(separations[1].is_copy);
  EXPECT_FALSE(separations[2].is_copy);
  EXPECT_TRUE(separations[3].is_copy);
  EXPECT_EQ(separations[3].other_id, 0u);
}

TEST(SeparationTest, TieWithAnotherPatternIsNoCopy) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0, 1, 5}).ok());
  TestEngine engine;
  const std::vector<PatternSeparation> separations = Separate(&engine, &bank);
  EXPECT_EQ(separations[0].separation, 0);
  EXPECT_FALSE(separations[0].is_copy);
}

TEST(SeparationTest, OnlyPatternOfABankIsInfinitelySeparated) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 0}, {7}).ok());
  TestEngine engine;
  const std::vector<PatternSeparation> separations = Separate(&engine, &bank);
  ASSERT_EQ(separations.size(), 1u);
  EXPECT_EQ(separations[0].id, 7u);
  EXPECT_EQ(separations[0].separation, kInfinity);
  EXPECT_FALSE(separations[0].is_copy);
}

TEST(SeparationTest, CancelledCallLeavesAtTheNextSweep) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store(RandomRows(12, 2, 3)).ok());
  PuppetSweeper sweeper;
  ThreadPool pool(0);
  FakeClock clock;
  Engine engine(EngineOptions{/*queue_capacity=*/20, /*max_batch=*/4}, &sweeper, &pool, &clock);
  SeparateCall call;
  call.end = 12;
  const auto cancellation = std::make_shared<Cancellation>();
  call.cancellation = cancellation;
  Answer<SeparateResult> answer;
  ASSERT_TRUE(engine.Separate(bank->Pin(), call, answer.Taker()).ok());
  sweeper.AwaitBegun(1);
  cancellation->Cancel();
  sweeper.Allow(PuppetSweeper::kAll);
  EXPECT_EQ(answer.Await().status().code(), absl::StatusCode::kCancelled);
  engine.Drain();
  EXPECT_EQ(sweeper.records().size(), 1u);
}

// Separations with ids 0, 1, ...; each names the next one.
std::vector<PatternSeparation> Numbered(const std::vector<double>& separations) {
  std::vector<PatternSeparation> numbered;
  for (size_t i = 0; i < separations.size(); ++i) {
    numbered.push_back({i, (i + 1) % separations.size(), separations[i], false});
  }
  return numbered;
}

Dynamics With(const Transform& transform, double beta) {
  Dynamics dynamics;
  dynamics.transform = transform;
  dynamics.beta = beta;
  return dynamics;
}

TEST(SeparationReportTest, CountsAndQuantilesAreThoseOfTheSeparations) {
  std::vector<PatternSeparation> separations = Numbered({3, -1, 0, 2, 0.5, 0, 7, 1});
  separations[2].is_copy = true;
  separations[5].is_copy = true;
  const SeparationReport report = MakeSeparationReport(separations, With(*Entmax::Make(1.5), 2), 4, 10);
  EXPECT_EQ(report.required_separation, 1);
  EXPECT_EQ(report.exact_count, 4);
  EXPECT_EQ(report.duplicate_count, 2);
  EXPECT_EQ(report.dominated_count, 1);
  EXPECT_EQ(report.min_separation, -1);
  // -1 0 0 0.5 | 1 2 3 7: the lower one of the two in the middle.
  EXPECT_EQ(report.median_separation, 0.5);
  EXPECT_EQ(report.max_separation, 7);
}

TEST(SeparationReportTest, HistogramCoversAllPatternsInEqualBins) {
  const SeparationReport report =
      MakeSeparationReport(Numbered({-1, 0, 0.9, 1, 2.9, 3}), With(*Entmax::Make(2), 1), 4, 10);
  EXPECT_THAT(report.histogram_edges, ElementsAre(-1, 0, 1, 2, 3));
  // A bin holds its lower edge, the last one also its upper edge.
  EXPECT_THAT(report.histogram_counts, ElementsAre(1, 2, 1, 2));
}

TEST(SeparationReportTest, HistogramLosesNoPatternWhateverTheNumberOfBins) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  for (const int64_t count : {1, 2, 3, 10, 1000}) {
    for (const int bins : {1, 2, 3, 7, 20, 1000}) {
      std::vector<double> numbers(count);
      for (double& number : numbers) number = normal(random);
      const SeparationReport report =
          MakeSeparationReport(Numbered(numbers), With(*Entmax::Make(2), 1), bins, 0);
      ASSERT_EQ(report.histogram_edges.size(), static_cast<size_t>(bins) + 1);
      ASSERT_EQ(report.histogram_counts.size(), static_cast<size_t>(bins));
      EXPECT_TRUE(std::is_sorted(report.histogram_edges.begin(), report.histogram_edges.end()));
      EXPECT_EQ(report.histogram_edges.front(), *std::min_element(numbers.begin(), numbers.end()));
      EXPECT_EQ(report.histogram_edges.back(), *std::max_element(numbers.begin(), numbers.end()));
      const auto& counts = report.histogram_counts;
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), int64_t{0}), count);
    }
  }
}

TEST(SeparationReportTest, PairsAreSortedAndEachIsNamedOnce) {
  // 0 and 1 name each other, 2 names 1, 3 and 4 tie.
  const std::vector<PatternSeparation> separations = {
      {0, 1, 0.25, false}, {1, 0, 0.5, false}, {2, 1, -1, false}, {4, 2, 3, false}, {3, 2, 3, false}};
  const auto pairs_of = [&](int64_t count) {
    std::vector<std::pair<uint64_t, uint64_t>> pairs;
    for (const PatternSeparation& pair :
         MakeSeparationReport(separations, With(*Entmax::Make(2), 1), 1, count).pairs) {
      pairs.emplace_back(pair.id, pair.other_id);
    }
    return pairs;
  };
  using Pair = std::pair<uint64_t, uint64_t>;
  EXPECT_THAT(pairs_of(10), ElementsAre(Pair(2, 1), Pair(0, 1), Pair(3, 2), Pair(4, 2)));
  EXPECT_THAT(pairs_of(3), ElementsAre(Pair(2, 1), Pair(0, 1), Pair(3, 2)));
  EXPECT_THAT(pairs_of(0), ElementsAre());
}

TEST(SeparationReportTest, SuggestionsAreTheSmallestBetasAtWhichTheirShareIsExact) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(-0.05, 1);
  for (const double alpha : {1.1, 1.5, 2.0, 2.7}) {
    for (const int64_t count : {1, 2, 3, 7, 10, 99, 100, 101}) {
      SCOPED_TRACE(testing::Message() << "alpha " << alpha << ", " << count << " patterns");
      std::vector<double> numbers(count);
      for (double& number : numbers) number = uniform(random) * 30;
      const Transform transform = *Entmax::Make(alpha);
      // The share of the patterns with margin / beta or more.
      const auto share_at = [&](double beta) {
        const double required = Margin(transform) / beta;
        const auto exact =
            std::count_if(numbers.begin(), numbers.end(), [&](double delta) { return delta >= required; });
        return static_cast<double>(exact) / static_cast<double>(count);
      };
      const SeparationReport report = MakeSeparationReport(Numbered(numbers), With(transform, 1), 1, 0);
      std::vector<double> shares;
      for (const SeparationReport::Suggestion& suggestion : report.suggestions) {
        shares.push_back(suggestion.share);
        const auto positive =
            std::count_if(numbers.begin(), numbers.end(), [](double delta) { return delta > 0; });
        if (static_cast<double>(positive) < suggestion.share * static_cast<double>(count)) {
          EXPECT_EQ(suggestion.beta, kInfinity);
          continue;
        }
        ASSERT_LT(suggestion.beta, kInfinity);
        EXPECT_GE(share_at(suggestion.beta), suggestion.share);
        EXPECT_LT(share_at(std::nextafter(suggestion.beta, 0)), suggestion.share);
      }
      EXPECT_THAT(shares, ElementsAre(0.5, 0.9, 0.99, 1));
    }
  }
}

TEST(SeparationReportTest, SuggestionsHoldInTheBankThatTheyAreFor) {
  constexpr int64_t kCount = 50;
  constexpr int64_t kDim = 30;
  const std::vector<float> rows = RandomRows(kCount, kDim, 6);
  TestBank bank(kDim);
  ASSERT_TRUE(bank.Store(rows).ok());
  TestEngine engine;
  const Dynamics dynamics = With(*Entmax::Make(1.5), 1);
  const SeparationReport report = MakeSeparationReport(Separate(&engine, &bank), dynamics, 1, 0);
  for (const SeparationReport::Suggestion& suggestion : report.suggestions) {
    ASSERT_LT(suggestion.beta, kInfinity);
    const auto exact_at = [&](double beta) {
      RetrieveCall call;
      call.dynamics = dynamics;
      call.dynamics.beta = beta;
      call.dynamics.max_iterations = 1;
      call.states.assign(rows.begin(), rows.end());
      const auto result = RetrieveAndWait(engine.get(), bank->Pin(), call);
      EXPECT_TRUE(result.ok());
      int64_t exact = 0;
      for (const Retrieval& retrieval : result->retrievals) exact += retrieval.exact;
      return exact;
    };
    const auto needed = static_cast<int64_t>(std::ceil(suggestion.share * kCount));
    // The margin is that of the scores less the largest one, times beta, which round.
    EXPECT_GE(exact_at(suggestion.beta * (1 + 1e-14)), needed);
    EXPECT_LT(exact_at(suggestion.beta * (1 - 1e-6)), needed);
  }
}

TEST(SeparationReportTest, SoftmaxRetrievesNothingExactly) {
  const SeparationReport report = MakeSeparationReport(Numbered({1, 2, 3}), With(Softmax(), 5), 2, 10);
  EXPECT_EQ(report.required_separation, kInfinity);
  EXPECT_EQ(report.exact_count, 0);
  for (const auto& suggestion : report.suggestions) EXPECT_EQ(suggestion.beta, kInfinity);
  EXPECT_EQ(report.max_separation, 3);
}

TEST(SeparationReportTest, BankOfOnePatternHasNoHistogramAndNoPairs) {
  for (const Transform& transform : {Transform(*Entmax::Make(1.5)), Transform(Softmax())}) {
    const std::vector<PatternSeparation> alone = {{4, 0, kInfinity, false}};
    const SeparationReport report = MakeSeparationReport(alone, With(transform, 3), 5, 10);
    EXPECT_EQ(report.exact_count, 1);
    EXPECT_EQ(report.duplicate_count, 0);
    EXPECT_EQ(report.dominated_count, 0);
    EXPECT_EQ(report.min_separation, kInfinity);
    EXPECT_EQ(report.median_separation, kInfinity);
    EXPECT_EQ(report.max_separation, kInfinity);
    EXPECT_TRUE(report.histogram_edges.empty());
    EXPECT_TRUE(report.histogram_counts.empty());
    EXPECT_TRUE(report.pairs.empty());
    // Any beta will do.
    for (const auto& suggestion : report.suggestions) EXPECT_EQ(suggestion.beta, 0);
  }
}

TEST(SeparationReportTest, BankOfCopiesIsNeverExact) {
  TestBank bank(2);
  ASSERT_TRUE(bank.Store({1, 2, 1, 2, 1, 2}).ok());
  TestEngine engine;
  const SeparationReport report =
      MakeSeparationReport(Separate(&engine, &bank), With(*Entmax::Make(2), 1e6), 3, 10);
  EXPECT_EQ(report.duplicate_count, 3);
  EXPECT_EQ(report.exact_count, 0);
  EXPECT_EQ(report.dominated_count, 0);
  EXPECT_THAT(report.histogram_edges, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(report.histogram_counts, ElementsAre(0, 0, 3));
  for (const auto& suggestion : report.suggestions) EXPECT_EQ(suggestion.beta, kInfinity);
  // 0 and 1 name each other, 2 names 0.
  ASSERT_EQ(report.pairs.size(), 2u);
  EXPECT_EQ(report.pairs[0].separation, 0);
}

}  // namespace
}  // namespace engram
