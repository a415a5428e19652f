#ifndef ENGRAM_SERVER_DEVICE_WATCH_H_
#define ENGRAM_SERVER_DEVICE_WATCH_H_

#include <functional>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Looks after the devices of a backend, on a thread of its own; without devices it has none.
class DeviceWatch {
 public:
  // Health tells within a second that a device is lost; looking costs a few loads.
  static constexpr absl::Duration kPeriod = absl::Milliseconds(200);

  // Calls `on_lost` with the first device that has a fault, once at most, on the thread. `sweeper` must
  // outlive this.
  DeviceWatch(const Sweeper* sweeper, std::function<void(const DeviceStatus&)> on_lost);
  // Stops, after `on_lost` has returned.
  ~DeviceWatch();
  DeviceWatch(const DeviceWatch&) = delete;
  DeviceWatch& operator=(const DeviceWatch&) = delete;

 private:
  void Watch();

  const Sweeper* const sweeper_;
  const std::function<void(const DeviceStatus&)> on_lost_;
  absl::Notification stopped_;
  std::thread thread_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_DEVICE_WATCH_H_
