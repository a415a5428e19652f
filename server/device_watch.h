#ifndef ENGRAM_SERVER_DEVICE_WATCH_H_
#define ENGRAM_SERVER_DEVICE_WATCH_H_

#include <functional>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Looks after the devices of a backend, on threads of its own; without devices it has none. One asks them,
// the other looks at what is known of them: a device that hangs may hold up whoever calls it.
class DeviceWatch {
 public:
  // Health tells within a second that a device is lost; asking costs a few microseconds.
  static constexpr absl::Duration kPeriod = absl::Milliseconds(200);

  // Calls `on_lost` with the first device that has a fault, once at most, on a thread. `sweeper` must
  // outlive this.
  DeviceWatch(Sweeper* sweeper, std::function<void(const DeviceStatus&)> on_lost);
  // Stops, after `on_lost` has returned; and not before a device lets go of who asks it, which one that hangs
  // need not.
  ~DeviceWatch();
  DeviceWatch(const DeviceWatch&) = delete;
  DeviceWatch& operator=(const DeviceWatch&) = delete;

 private:
  void Probe();
  void Watch();

  Sweeper* const sweeper_;
  const std::function<void(const DeviceStatus&)> on_lost_;
  absl::Notification stopped_;
  std::thread prober_;
  std::thread watcher_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_DEVICE_WATCH_H_
