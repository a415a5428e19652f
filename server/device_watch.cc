#include "server/device_watch.h"

#include <utility>

namespace engram {

DeviceWatch::DeviceWatch(const Sweeper* sweeper, std::function<void(const DeviceStatus&)> on_lost)
    : sweeper_(sweeper), on_lost_(std::move(on_lost)) {
  if (!sweeper_->devices().empty()) thread_ = std::thread([this] { Watch(); });
}

DeviceWatch::~DeviceWatch() {
  stopped_.Notify();
  if (thread_.joinable()) thread_.join();
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
