#include "server/metric_families.h"

#include <cassert>
#include <limits>

namespace engram {

using prometheus::ClientMetric;
using prometheus::MetricType;

void MetricFamilies::Counter(std::string name, std::string help) {
  Begin(std::move(name), std::move(help), MetricType::Counter);
}

void MetricFamilies::Gauge(std::string name, std::string help) {
  Begin(std::move(name), std::move(help), MetricType::Gauge);
}

void MetricFamilies::Histogram(std::string name, std::string help) {
  Begin(std::move(name), std::move(help), MetricType::Histogram);
}

void MetricFamilies::Info(std::string name, std::string help, const Labels& labels) {
  Gauge(std::move(name), std::move(help));
  Add(labels, 1);
}

void MetricFamilies::Add(const Labels& labels, int64_t value) {
  assert(families_.back().type != MetricType::Histogram);
  ClientMetric* const sample = AddSample(labels);
  if (families_.back().type == MetricType::Counter) {
    sample->counter.value = static_cast<double>(value);
  } else {
    sample->gauge.value = static_cast<double>(value);
  }
}

void MetricFamilies::AddHistogram(const Labels& labels, const engram::Histogram& histogram, double units) {
  assert(families_.back().type == MetricType::Histogram);
  const engram::Histogram::Reading reading = histogram.Read();
  ClientMetric::Histogram& sample = AddSample(labels)->histogram;
  for (size_t i = 0; i < reading.counts.size(); ++i) {
    sample.sample_count += static_cast<uint64_t>(reading.counts[i]);
    const bool is_last = i == histogram.bounds().size();
    const double bound = is_last ? std::numeric_limits<double>::infinity()
                                 : static_cast<double>(histogram.bounds()[i]) / units;
    sample.bucket.push_back({sample.sample_count, bound});
  }
  sample.sample_sum = static_cast<double>(reading.sum) / units;
}

void MetricFamilies::Begin(std::string name, std::string help, MetricType type) {
  families_.push_back({std::move(name), std::move(help), type, {}});
}

ClientMetric* MetricFamilies::AddSample(const Labels& labels) {
  ClientMetric& sample = families_.back().metric.emplace_back();
  for (const auto& [name, value] : labels) sample.label.push_back({name, value});
  return &sample;
}

}  // namespace engram
