// The only file that sees prometheus-cpp's server, which throws.
#include "server/metrics_endpoint.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace engram {
namespace {

class RunningEndpoint : public MetricsEndpoint {
 public:
  RunningEndpoint(const std::string& address, std::shared_ptr<prometheus::Collectable> metrics)
      : metrics_(std::move(metrics)), exposer_(address) {
    exposer_.RegisterCollectable(metrics_);
  }

  int port() const override { return exposer_.GetListeningPorts().at(0); }

 private:
  const std::shared_ptr<prometheus::Collectable> metrics_;  // The exposer does not keep it.
  prometheus::Exposer exposer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Serve(
    const std::string& address, std::shared_ptr<prometheus::Collectable> metrics) {
  try {
    return std::make_unique<RunningEndpoint>(address, std::move(metrics));
  } catch (const std::exception&) {
    // What it says is no more than that.
    return absl::UnavailableError(
        absl::StrCat("metrics-listen: cannot bind '", address, "'; is another server running there?"));
  }
}

}  // namespace engram
