#ifndef ENGRAM_SERVER_ENGINE_METRICS_H_
#define ENGRAM_SERVER_ENGINE_METRICS_H_

#include "core/engine/engine_counters.h"
#include "core/sweep/sweeper_counts.h"
#include "server/metric_families.h"

namespace engram {

// What an engine and its backend have counted: queries and why they stopped, what they took, and sweeps.
void AddEngineMetrics(const EngineCounters& counters, const SweeperCounts& counts, MetricFamilies* families);

}  // namespace engram

#endif  // ENGRAM_SERVER_ENGINE_METRICS_H_
