#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/engine/answer.h"

namespace engram {
namespace {

using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class MetricsTest : public ::testing::Test {
 protected:
  using Families = std::map<std::string, prometheus::MetricFamily>;
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  MetricsTest() {
    capabilities_.set_server_version("1.2.3");
    capabilities_.set_backend("reference");
    capabilities_.set_backend_reason("asked for");
    capabilities_.mutable_limits()->set_queue_capacity(4096);
    capabilities_.mutable_limits()->set_max_banks(1000);
    capabilities_.add_devices()->set_threads(3);
  }

  Families Collect() const {
    const Metrics metrics(
        {&engine_, &sweeper_, &banks_, &budget_, uploads_.get(), &calls_, capabilities_, "no reason"});
    Families families;
    for (prometheus::MetricFamily& family : metrics.Collect()) families[family.name] = std::move(family);
    return families;
  }
  // The sample with these labels; fails if there is none.
  static prometheus::ClientMetric Find(const Families& families, const std::string& name,
                                       const Labels& labels = {}) {
    const auto family = families.find(name);
    if (family != families.end()) {
      for (const prometheus::ClientMetric& sample : family->second.metric) {
        if (sample.label == labels) return sample;
      }
    }
    ADD_FAILURE() << "no sample of " << name << " with these labels";
    return {};
  }
  static double Gauge(const Families& families, const std::string& name, const Labels& labels = {}) {
    return Find(families, name, labels).gauge.value;
  }
  static double Counter(const Families& families, const std::string& name, const Labels& labels = {}) {
    return Find(families, name, labels).counter.value;
  }

  std::shared_ptr<MemoryBank> AddBank(const std::string& name, const std::vector<float>& patterns = {}) {
    BankSettings settings;
    settings.name = name;
    settings.dim = 2;
    std::shared_ptr<MemoryBank> bank = *banks_.Create(std::move(settings));
    PatternRows rows;
    rows.patterns = {patterns.data(), static_cast<int64_t>(patterns.size()) / 2, 2};
    if (!patterns.empty() && !bank->Store(rows).ok()) ADD_FAILURE() << "cannot store";
    return bank;
  }
  // Returns how many sweeps the retrieval took.
  int Retrieve(const MemoryBank& bank) {
    RetrieveCall call;
    call.dynamics.transform = *Entmax::Make(2);
    call.dynamics.beta = 10;
    call.states = {0.9, 0.1};
    const absl::StatusOr<RetrieveResult> result = RetrieveAndWait(&engine_, bank.Pin(), call);
    EXPECT_TRUE(result.ok());
    return result->retrievals[0].sweeps;
  }

  SystemClock clock_;
  VolatileJournal journal_;
  MemoryBudget budget_{int64_t{1} << 30};
  MemoryBanks banks_{1000, {&budget_}, &journal_};
  std::unique_ptr<Uploads> uploads_ = std::make_unique<Uploads>(&budget_, &clock_);
  ThreadPool pool_{0};
  ReferenceSweeper sweeper_;
  Engine engine_{EngineOptions(), &sweeper_, &pool_, &clock_};
  CallCounters calls_;
  v1::GetCapabilitiesResponse capabilities_;
};

TEST_F(MetricsTest, NamesFollowTheRules) {
  for (const auto& [name, family] : Collect()) {
    EXPECT_THAT(name, MatchesRegex("engram_[a-z0-9_]+"));
    EXPECT_THAT(family.help, MatchesRegex("[A-Z].*\\.")) << name;
    if (family.type == prometheus::MetricType::Counter) {
      EXPECT_THAT(name, MatchesRegex(".*_total"));
    } else {
      EXPECT_THAT(name, Not(MatchesRegex(".*_(total|count|sum|bucket)")));
    }
  }
}

TEST_F(MetricsTest, TellsWhatRunsAndWhy) {
  const Families families = Collect();
  EXPECT_EQ(Gauge(families, "engram_build_info", {{"version", "1.2.3"}}), 1);
  EXPECT_EQ(Gauge(families, "engram_backend_info",
                  {{"backend", "reference"},
                   {"reason", "asked for"},
                   {"instruction_set", ""},
                   {"screening_instruction_set", ""},
                   {"screening_reason", "no reason"}}),
            1);
  EXPECT_EQ(Gauge(families, "engram_sweep_threads"), 3);
  EXPECT_EQ(Gauge(families, "engram_queue_limit_queries"), 4096);
}

TEST_F(MetricsTest, AllCodesOfAllMethodsAreThereFromTheStart) {
  calls_.of(Method::kRecall)->Count(grpc::StatusCode::INVALID_ARGUMENT);
  const Families families = Collect();
  EXPECT_THAT(families.at("engram_calls_total").metric, SizeIs(kMethods * kCodes));
  EXPECT_EQ(Counter(families, "engram_calls_total", {{"method", "Recall"}, {"code", "INVALID_ARGUMENT"}}), 1);
  EXPECT_EQ(Counter(families, "engram_calls_total", {{"method", "Recall"}, {"code", "OK"}}), 0);
}

TEST_F(MetricsTest, CountsWhatTheEngineDid) {
  const std::shared_ptr<MemoryBank> bank = AddBank("bank", {1, 0, 0, 1, -1, 0});
  int sweeps = 0;
  for (int i = 0; i < 3; ++i) sweeps += Retrieve(*bank);
  engine_.Drain();
  const Families families = Collect();
  const auto queries =
      Counter(families, "engram_queries_total", {{"kind", "retrieve"}, {"stop_reason", "fixed_point"}});
  EXPECT_EQ(queries, 3);
  EXPECT_EQ(Find(families, "engram_retrieval_sweeps").histogram.sample_sum, sweeps);
  EXPECT_EQ(Find(families, "engram_retrieval_sweeps").histogram.sample_count, 3u);
  EXPECT_EQ(Counter(families, "engram_sweeps_total", {{"lane", "short"}, {"arithmetic", "exact"}}), sweeps);
  EXPECT_EQ(Counter(families, "engram_sweeps_total", {{"lane", "long"}, {"arithmetic", "exact"}}), 0);
  EXPECT_EQ(Counter(families, "engram_swept_rows_total", {{"lane", "short"}}), 3 * sweeps);
  EXPECT_EQ(Counter(families, "engram_swept_bytes_total", {{"lane", "short"}}), 3 * 2 * 4 * sweeps);
  EXPECT_EQ(Find(families, "engram_sweep_queries", {{"lane", "short"}}).histogram.sample_sum, sweeps);
  EXPECT_EQ(Gauge(families, "engram_queue_queries"), 0);
}

TEST_F(MetricsTest, HistogramsAddUp) {
  const std::shared_ptr<MemoryBank> bank = AddBank("bank", {1, 0, 0, 1, -1, 0});
  for (int i = 0; i < 3; ++i) Retrieve(*bank);
  engine_.Drain();
  for (const auto& [name, family] : Collect()) {
    if (family.type != prometheus::MetricType::Histogram) continue;
    for (const prometheus::ClientMetric& sample : family.metric) {
      uint64_t before = 0;
      double bound = 0;
      for (const auto& bucket : sample.histogram.bucket) {
        EXPECT_GE(bucket.cumulative_count, before) << name;
        EXPECT_GT(bucket.upper_bound, bound) << name;
        before = bucket.cumulative_count;
        bound = bucket.upper_bound;
      }
      EXPECT_TRUE(std::isinf(bound)) << name;
      EXPECT_EQ(before, sample.histogram.sample_count) << name;
    }
  }
}

TEST_F(MetricsTest, TimesAreInSeconds) {
  static constexpr int64_t kBounds[] = {1'000'000, 2'000'000'000};
  Histogram histogram(kBounds);
  histogram.Add(500'000'000);
  MetricFamilies families;
  families.Histogram("engram_test_seconds", "A test.");
  families.AddHistogram({}, histogram, 1e9);
  const prometheus::ClientMetric::Histogram sample = families.Take()[0].metric[0].histogram;
  EXPECT_EQ(sample.sample_sum, 0.5);
  ASSERT_THAT(sample.bucket, SizeIs(3));
  EXPECT_EQ(sample.bucket[0].upper_bound, 0.001);
  EXPECT_EQ(sample.bucket[0].cumulative_count, 0u);
  EXPECT_EQ(sample.bucket[1].upper_bound, 2);
  EXPECT_EQ(sample.bucket[1].cumulative_count, 1u);
}

TEST_F(MetricsTest, BanksAndUploadsShowTheirMemory) {
  const std::shared_ptr<MemoryBank> bank = AddBank("faces", {1, 0, 0, 1});
  AddBank("words", {1, 1});
  const auto upload = uploads_->Begin(bank, /*atomic=*/true);
  ASSERT_TRUE(upload.ok());
  const Families families = Collect();
  EXPECT_EQ(Gauge(families, "engram_banks"), 2);
  EXPECT_EQ(Gauge(families, "engram_banks_limit"), 1000);
  EXPECT_EQ(Gauge(families, "engram_patterns"), 3);
  EXPECT_EQ(Gauge(families, "engram_uploads"), 1);
  EXPECT_EQ(Gauge(families, "engram_memory_budget_bytes"), 1 << 30);
  EXPECT_EQ(Gauge(families, "engram_memory_used_bytes"), static_cast<double>(budget_.used_bytes()));
  EXPECT_EQ(Gauge(families, "engram_bank_patterns", {{"bank", "faces"}}), 2);
  EXPECT_EQ(Gauge(families, "engram_bank_version", {{"bank", "faces"}}), 1);
  EXPECT_EQ(Gauge(families, "engram_bank_memory_bytes", {{"bank", "faces"}}),
            static_cast<double>(bank->memory_bytes()));
  EXPECT_EQ(Gauge(families, "engram_bank_device_bytes", {{"bank", "faces"}}), 0);
}

TEST_F(MetricsTest, OnlyTheFirstBanksByNameAreListedButAllAreInTheTotals) {
  const int64_t more = Metrics::kMaxListedBanks + 5;
  for (int64_t i = 0; i < more; ++i) AddBank(absl::StrCat("bank", 1000 + i), {1, 0});
  const Families families = Collect();
  EXPECT_EQ(Gauge(families, "engram_banks"), static_cast<double>(more));
  EXPECT_EQ(Gauge(families, "engram_patterns"), static_cast<double>(more));
  const auto& listed = families.at("engram_bank_patterns").metric;
  ASSERT_THAT(listed, SizeIs(Metrics::kMaxListedBanks));
  EXPECT_EQ(listed.front().label[0].value, "bank1000");
  EXPECT_EQ(listed.back().label[0].value, "bank1099");
}

}  // namespace
}  // namespace engram
