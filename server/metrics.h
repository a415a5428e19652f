#ifndef ENGRAM_SERVER_METRICS_H_
#define ENGRAM_SERVER_METRICS_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bank/memory_banks.h"
#include "core/bank/memory_budget.h"
#include "core/engine/engine.h"
#include "core/sweep/sweeper.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/call_counters.h"
#include "server/metric_families.h"
#include "server/uploads.h"

namespace engram {

// What the metrics are read from; all must outlive them.
struct MetricSources {
  const Engine* engine;
  const Sweeper* sweeper;
  const MemoryBanks* banks;
  const MemoryBudget* budget;
  Uploads* uploads;
  const CallCounters* calls;
  // What GetCapabilities answers, but for the counts, and why its screening instruction set was chosen.
  v1::GetCapabilitiesResponse capabilities;
  std::string screening_reason;
};

// All metrics of a server, as docs/metrics.md lists them. They cost what is counted anyway, until somebody
// asks for them. Thread-safe.
class Metrics : public prometheus::Collectable {
 public:
  // Label sets must be bounded: of more banks than this, the first by name have metrics of their own. The
  // totals have all.
  static constexpr int64_t kMaxListedBanks = 100;

  explicit Metrics(MetricSources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  void AddServer(MetricFamilies* families) const;
  void AddCalls(MetricFamilies* families) const;
  void AddQueue(MetricFamilies* families) const;
  void AddMemory(MetricFamilies* families) const;
  void AddBanks(MetricFamilies* families) const;
  void AddListedBanks(const std::vector<std::shared_ptr<MemoryBank>>& banks, MetricFamilies* families) const;

  const MetricSources sources_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_METRICS_H_
