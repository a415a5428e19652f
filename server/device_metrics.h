#ifndef ENGRAM_SERVER_DEVICE_METRICS_H_
#define ENGRAM_SERVER_DEVICE_METRICS_H_

#include "core/sweep/sweeper.h"
#include "server/metric_families.h"

namespace engram {

// The memory of each device of the backend, what it has done, and whether it works. The label `device` is its
// place among them, as two may have the same name.
void AddDeviceMetrics(const Sweeper& sweeper, MetricFamilies* families);

}  // namespace engram

#endif  // ENGRAM_SERVER_DEVICE_METRICS_H_
