#ifndef ENGRAM_SERVER_SERVER_H_
#define ENGRAM_SERVER_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace engram {

// A running server: everything between the options and the port.
class Server {
 public:
  // Serves from when it returns; banks of the data directory are loaded meanwhile. INVALID_ARGUMENT: the
  // backend does not exist. UNAVAILABLE: an address, that for metrics included, cannot be bound. Errors of
  // RocksJournal::Open. FAILED_PRECONDITION: the backend cannot run here.
  //
  // Once a device of the backend is lost, health says NOT_SERVING while calls are still answered, by the
  // host, and `on_device_lost` is called: the process cannot use the device again, so drain and start a new
  // one. It is called on a thread of the server's, once at most; it must return soon and not destroy the
  // server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, std::function<void()> on_device_lost = [] {});

  // Stops at once what still runs; Drain first to let calls finish.
  virtual ~Server() = default;

  // The port it listens on.
  virtual int port() const = 0;

  // Reports NOT_SERVING, waits for the drain delay, refuses new calls and waits until those in flight are
  // done, at most for the drain grace. Returns how many were not.
  virtual int64_t Drain() = 0;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_SERVER_H_
