#include "server/device_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/sweep/reference_sweeper.h"

namespace engram {
namespace {

// Of which nothing is known but its devices, the first of them half idle.
class SweeperWithDevices : public ReferenceSweeper {
 public:
  explicit SweeperWithDevices(std::vector<DeviceStatus> devices) : devices_(std::move(devices)) {}
  std::vector<DeviceStatus> devices() const override { return devices_; }
  std::optional<double> DeviceUtilization(size_t i) const override {
    return i == 0 ? std::optional<double>(0.5) : std::nullopt;
  }

 private:
  const std::vector<DeviceStatus> devices_;
};

// The values of the metrics, by name and device.
std::map<std::string, double> ValuesOf(const std::vector<DeviceStatus>& devices) {
  MetricFamilies families;
  AddDeviceMetrics(SweeperWithDevices(devices), &families);
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : families.Take()) {
    for (const prometheus::ClientMetric& sample : family.metric) {
      EXPECT_EQ(sample.label.at(0).name, "device");
      EXPECT_EQ(sample.label.at(1).name, "name");
      const bool is_counter = family.type == prometheus::MetricType::Counter;
      values[family.name + " " + sample.label[0].value + " " + sample.label[1].value] =
          is_counter ? sample.counter.value : sample.gauge.value;
    }
  }
  return values;
}

TEST(DeviceMetricsTest, EachNumberOfADeviceHasItsMetric) {
  DeviceStatus device;
  device.name = "one";
  device.memory_bytes = 1;
  device.budget_bytes = 2;
  device.used_bytes = 3;
  device.sweeps = 4;
  device.states = 5;
  device.scanned_bytes = 6;
  device.survivors = 7;
  const std::map<std::string, double> expected = {{"engram_device_up 0 one", 1},
                                                  {"engram_device_utilization_percent 0 one", 50},
                                                  {"engram_device_memory_bytes 0 one", 1},
                                                  {"engram_device_memory_budget_bytes 0 one", 2},
                                                  {"engram_device_memory_used_bytes 0 one", 3},
                                                  {"engram_device_sweeps_total 0 one", 4},
                                                  {"engram_device_states_total 0 one", 5},
                                                  {"engram_device_scanned_bytes_total 0 one", 6},
                                                  {"engram_device_survivors_total 0 one", 7}};
  EXPECT_EQ(ValuesOf({device}), expected);
}

TEST(DeviceMetricsTest, ADeviceThatIsLostIsNotUp) {
  DeviceStatus works;
  works.name = "same";
  DeviceStatus lost;
  lost.name = "same";
  lost.fault = "fell off the bus";
  const std::map<std::string, double> values = ValuesOf({works, lost});
  EXPECT_EQ(values.at("engram_device_up 0 same"), 1);
  EXPECT_EQ(values.at("engram_device_up 1 same"), 0);
}

TEST(DeviceMetricsTest, WithoutDevicesThereAreNoSamples) { EXPECT_TRUE(ValuesOf({}).empty()); }

}  // namespace
}  // namespace engram
