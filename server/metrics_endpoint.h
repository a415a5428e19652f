#ifndef ENGRAM_SERVER_METRICS_ENDPOINT_H_
#define ENGRAM_SERVER_METRICS_ENDPOINT_H_

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace engram {

// A port where Prometheus finds metrics: GET /metrics over HTTP, without encryption or authentication.
class MetricsEndpoint {
 public:
  // Answers at `address`, HOST:PORT, with what `metrics` collects then; on threads of its own, from when it
  // returns. Port 0 takes a free one. UNAVAILABLE: the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Serve(
      const std::string& address, std::shared_ptr<prometheus::Collectable> metrics);

  // Returns when nobody uses `metrics` any more.
  virtual ~MetricsEndpoint() = default;

  // The port it listens on.
  virtual int port() const = 0;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_METRICS_ENDPOINT_H_
