#include "server/device_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {
namespace {

// Devices, each of which works until it is lost.
class DevicesSweeper : public ReferenceSweeper {
 public:
  explicit DevicesSweeper(std::vector<std::string> names) : names_(std::move(names)) {}

  void Lose(int device) { lost_ = device; }

  // From now on who asks the devices is held up.
  void Hang() { hangs_ = true; }
  void LetGo() { let_go_.Notify(); }
  // Once they were asked while they hang.
  void WaitForProbe() { hung_.WaitForNotification(); }

  void ProbeDevices() override {
    ++probes_;
    if (!hangs_ || hung_.HasBeenNotified()) return;
    hung_.Notify();
    let_go_.WaitForNotification();
  }
  int probes() const { return probes_; }

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
  std::atomic<int> probes_{0};
  std::atomic<bool> hangs_{false};
  absl::Notification hung_;
  absl::Notification let_go_;
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

TEST(DeviceWatchTest, ADeviceThatHoldsUpWhoAsksItIsFoundAllTheSame) {
  DevicesSweeper sweeper({"one"});
  sweeper.Hang();
  absl::Notification told;
  const DeviceWatch watch(&sweeper, [&](const DeviceStatus&) { told.Notify(); });
  sweeper.WaitForProbe();
  sweeper.Lose(0);
  told.WaitForNotification();
  sweeper.LetGo();
  EXPECT_EQ(sweeper.probes(), 1);
}

TEST(DeviceWatchTest, TellsNothingWhileAllWorkOrThereAreNone) {
  for (const std::vector<std::string>& names : {std::vector<std::string>{}, {"one", "two"}}) {
    DevicesSweeper sweeper(names);
    const DeviceWatch watch(&sweeper, [](const DeviceStatus&) { ADD_FAILURE() << "nothing is lost"; });
    // Time enough to be told of something.
    const absl::Time latest = absl::Now() + absl::Seconds(30);
    while (!names.empty() && sweeper.probes() < 3 && absl::Now() < latest) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    EXPECT_EQ(sweeper.probes() >= 3, !names.empty());
  }
}

}  // namespace
}  // namespace engram
