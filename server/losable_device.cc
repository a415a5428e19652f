#include "server/losable_device.h"

#ifdef ENGRAM_FAILPOINTS

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace engram {
namespace {

class SweeperWithLosableDevice : public Sweeper {
 public:
  SweeperWithLosableDevice(std::unique_ptr<Sweeper> sweeper, std::string path)
      : sweeper_(std::move(sweeper)), path_(std::move(path)) {}

  absl::string_view name() const override { return sweeper_->name(); }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override {
    return sweeper_->Sweep(bank, states, results);
  }
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override {
    return sweeper_->StreamSoftmax(bank, states, updates);
  }
  bool Combine(const BankSnapshot& bank, absl::Span<const Survivor> members, absl::Span<const double> weights,
               absl::Span<double> sum) override {
    return sweeper_->Combine(bank, members, weights, sum);
  }
  Residency* residency() override { return sweeper_->residency(); }
  SweeperCounts counts() const override { return sweeper_->counts(); }

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
