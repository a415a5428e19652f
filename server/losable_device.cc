#include "server/losable_device.h"

#ifdef ENGRAM_FAILPOINTS

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/sweep/forwarding_sweeper.h"

namespace engram {
namespace {

class SweeperWithLosableDevice : public ForwardingSweeper {
 public:
  SweeperWithLosableDevice(std::unique_ptr<Sweeper> sweeper, std::string path)
      : ForwardingSweeper(sweeper.get()), sweeper_(std::move(sweeper)), path_(std::move(path)) {}

  std::vector<DeviceStatus> devices() const override {
    std::vector<DeviceStatus> devices = sweeper_->devices();
    DeviceStatus& device = devices.emplace_back();
    device.kind = "test";
    device.name = "losable device";
    device.memory_bytes = int64_t{1} << 30;
    device.budget_bytes = int64_t{1} << 29;
    if (::access(path_.c_str(), F_OK) == 0) device.fault = "a test has taken it away";
    return devices;
  }
  std::optional<double> DeviceUtilization(size_t i) const override {
    // The last is not of the backend, which knows nothing of it.
    if (i >= sweeper_->devices().size()) return std::nullopt;
    return sweeper_->DeviceUtilization(i);
  }

 private:
  const std::unique_ptr<Sweeper> sweeper_;
  const std::string path_;
};

}  // namespace

std::unique_ptr<Sweeper> WithLosableDevice(std::unique_ptr<Sweeper> sweeper) {
  const char* path = std::getenv("ENGRAM_LOSABLE_DEVICE");
  if (path == nullptr) return sweeper;
  return std::make_unique<SweeperWithLosableDevice>(std::move(sweeper), path);
}

}  // namespace engram

#else

namespace engram {

std::unique_ptr<Sweeper> WithLosableDevice(std::unique_ptr<Sweeper> sweeper) { return sweeper; }

}  // namespace engram

#endif  // ENGRAM_FAILPOINTS
