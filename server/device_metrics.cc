#include "server/device_metrics.h"

#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"

namespace engram {
namespace {

// There may be several of a name.
MetricFamilies::Labels LabelsOf(const std::vector<DeviceStatus>& devices, size_t i) {
  return {{"device", absl::StrCat(i)}, {"name", devices[i].name}};
}

}  // namespace

void AddDeviceMetrics(const Sweeper& sweeper, MetricFamilies* families) {
  const std::vector<DeviceStatus> devices = sweeper.devices();
  const auto add = [&](int64_t DeviceStatus::*number) {
    for (size_t i = 0; i < devices.size(); ++i) families->Add(LabelsOf(devices, i), devices[i].*number);
  };
  families->Gauge(
      "engram_device_up",
      "Whether the device works: 1, or 0 once it is lost, upon which the server drains and ends.");
  for (size_t i = 0; i < devices.size(); ++i) {
    families->Add(LabelsOf(devices, i), devices[i].fault.empty() ? 1 : 0);
  }
  families->Gauge("engram_device_utilization_percent",
                  "Share of time in which the device was at work lately, if the driver's library tells.");
  for (size_t i = 0; i < devices.size(); ++i) {
    const std::optional<double> share = sweeper.DeviceUtilization(i);
    if (share.has_value()) families->Add(LabelsOf(devices, i), std::llround(100 * *share));
  }
  families->Gauge("engram_device_memory_bytes", "Memory of the device.");
  add(&DeviceStatus::memory_bytes);
  families->Gauge("engram_device_memory_budget_bytes",
                  "Memory of the device that banks may take: device-budget-bytes. Above it a Store gets "
                  "RESOURCE_EXHAUSTED.");
  add(&DeviceStatus::budget_bytes);
  families->Gauge("engram_device_memory_used_bytes", "Memory of the device that banks have taken.");
  add(&DeviceStatus::used_bytes);
  families->Counter("engram_device_sweeps_total", "Sweeps that the device took part in.");
  add(&DeviceStatus::sweeps);
  families->Counter("engram_device_states_total", "States that those sweeps served.");
  add(&DeviceStatus::states);
  families->Counter("engram_device_scanned_bytes_total", "Bytes of codes that the device has read for them.");
  add(&DeviceStatus::scanned_bytes);
  families->Counter("engram_device_survivors_total", "Rows that the device has left of them.");
  add(&DeviceStatus::survivors);
}

}  // namespace engram
