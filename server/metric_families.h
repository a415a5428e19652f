#ifndef ENGRAM_SERVER_METRIC_FAMILIES_H_
#define ENGRAM_SERVER_METRIC_FAMILIES_H_

#include <prometheus/metric_family.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/histogram.h"

namespace engram {

// Metrics in the form that Prometheus takes, written down one after the other:
//
//   families.Counter("engram_sweeps_total", "Passes over a bank.");
//   families.Add({{"lane", "short"}}, 3);
//
// Names, types and units follow https://prometheus.io/docs/practices/naming. Not thread-safe.
class MetricFamilies {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Begins a metric, whose samples follow.
  void Counter(std::string name, std::string help);
  void Gauge(std::string name, std::string help);
  void Histogram(std::string name, std::string help);
  // A metric with one sample, 1, whose labels tell.
  void Info(std::string name, std::string help, const Labels& labels);

  // A sample of the metric that was begun last. REQUIRES: it is not a histogram.
  void Add(const Labels& labels, int64_t value);
  void Add(int64_t value) { Add({}, value); }
  // The values of `histogram`, each divided by `units`: 1e9 makes nanoseconds seconds. REQUIRES: the metric
  // that was begun last is a histogram.
  void AddHistogram(const Labels& labels, const engram::Histogram& histogram, double units = 1);

  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  void Begin(std::string name, std::string help, prometheus::MetricType type);
  // A sample without a value yet.
  prometheus::ClientMetric* AddSample(const Labels& labels);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_METRIC_FAMILIES_H_
