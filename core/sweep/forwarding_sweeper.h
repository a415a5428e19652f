#ifndef ENGRAM_CORE_SWEEP_FORWARDING_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_FORWARDING_SWEEPER_H_

#include <optional>
#include <vector>

#include "core/sweep/sweeper.h"

namespace engram {

// Does everything as another backend does: the base of those that change a part of one. Whatever is added to
// Sweeper is forwarded here, too, or backends in between would hide it.
class ForwardingSweeper : public Sweeper {
 public:
  // `to` must outlive this.
  explicit ForwardingSweeper(Sweeper* to) : to_(to) {}

  absl::string_view name() const override { return to_->name(); }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override {
    return to_->Sweep(bank, states, results);
  }
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override {
    return to_->StreamSoftmax(bank, states, updates);
  }
  bool Combine(const BankSnapshot& bank, absl::Span<const Survivor> members, absl::Span<const double> weights,
               absl::Span<double> sum) override {
    return to_->Combine(bank, members, weights, sum);
  }
  bool leaves_host_free() const override { return to_->leaves_host_free(); }
  Residency* residency() override { return to_->residency(); }
  SweeperCounts counts() const override { return to_->counts(); }
  void ProbeDevices() override { to_->ProbeDevices(); }
  std::vector<DeviceStatus> devices() const override { return to_->devices(); }
  std::optional<double> DeviceUtilization(size_t i) const override { return to_->DeviceUtilization(i); }

 private:
  Sweeper* const to_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_FORWARDING_SWEEPER_H_
