#include "server/device_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {
namespace {

// Devices, each of which works until it is lost.
class DevicesSweeper : public ReferenceSweeper {
 public:
  explicit DevicesSweeper(std::vector<std::string> names) : names_(std::move(names)) {}

  void Lose(int device) { lost_ = device; }

  std::vector<DeviceStatus> devices() const override {
    std::vector<DeviceStatus> devices;
    for (const std::string& name : names_) {
      DeviceStatus& device = devices.emplace_back();
      device.name = name;
      if (static_cast<int>(devices.size()) == lost_ + 1) device.fault = "fell off the bus";
    }
    return devices;
  }

 private:
  const std::vector<std::string> names_;
  std::atomic<int> lost_{-1};
};

TEST(DeviceWatchTest, TellsOfTheDeviceThatIsLost) {
  DevicesSweeper sweeper({"one", "two"});
  absl::Notification told;
  DeviceStatus lost;
  const DeviceWatch watch(&sweeper, [&](const DeviceStatus& device) {
    lost = device;
    told.Notify();  // Which fails if it is called again.
  });
  EXPECT_FALSE(told.HasBeenNotified());
  sweeper.Lose(1);
  told.WaitForNotification();
  EXPECT_EQ(lost.name, "two");
  EXPECT_EQ(lost.fault, "fell off the bus");
}

TEST(DeviceWatchTest, ADeviceThatWasLostBeforeIsFoundToo) {
  DevicesSweeper sweeper({"one"});
  sweeper.Lose(0);
  absl::Notification told;
  const DeviceWatch watch(&sweeper, [&](const DeviceStatus&) { told.Notify(); });
  told.WaitForNotification();
}

TEST(DeviceWatchTest, TellsNothingWhileAllWorkOrThereAreNone) {
  for (const std::vector<std::string>& names : {std::vector<std::string>{}, {"one", "two"}}) {
    const DevicesSweeper sweeper(names);
    const DeviceWatch watch(&sweeper, [](const DeviceStatus&) { ADD_FAILURE() << "nothing is lost"; });
  }
}

}  // namespace
}  // namespace engram
