#ifndef ENGRAM_SERVER_DEVICE_METRICS_H_
#define ENGRAM_SERVER_DEVICE_METRICS_H_

#include <vector>

#include "core/sweep/device_status.h"
#include "server/metric_families.h"

namespace engram {

// The memory of each device of the backend, what it has done, and whether it works. The label `device` is its
// name: REQUIRES that no two have the same.
void AddDeviceMetrics(const std::vector<DeviceStatus>& devices, MetricFamilies* families);

}  // namespace engram

#endif  // ENGRAM_SERVER_DEVICE_METRICS_H_
