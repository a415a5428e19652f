#include "server/device_watch.h"

#include <utility>

namespace engram {

DeviceWatch::DeviceWatch(Sweeper* sweeper, std::function<void(const DeviceStatus&)> on_lost)
    : sweeper_(sweeper), on_lost_(std::move(on_lost)) {
  if (sweeper_->devices().empty()) return;
  prober_ = std::thread([this] { Probe(); });
  watcher_ = std::thread([this] { Watch(); });
}

DeviceWatch::~DeviceWatch() {
  stopped_.Notify();
  if (watcher_.joinable()) watcher_.join();
  if (prober_.joinable()) prober_.join();
}

void DeviceWatch::Probe() {
  do {
    sweeper_->ProbeDevices();
  } while (!stopped_.WaitForNotificationWithTimeout(kPeriod));
}

void DeviceWatch::Watch() {
  do {
    for (const DeviceStatus& device : sweeper_->devices()) {
      if (device.fault.empty()) continue;
      on_lost_(device);
      return;
    }
  } while (!stopped_.WaitForNotificationWithTimeout(kPeriod));
}

}  // namespace engram
